import assert from "node:assert/strict";
import { TerminalText } from "../../../lib/report/engine/terminal_text.ts";

function shown(...parts: string[]): string {
  const text = new TerminalText();
  for (const part of parts) text.write(part);
  return text.toString();
}

Deno.test("TerminalText keeps what a terminal would show", () => {
  assert.equal(shown("10 %\r20 %\r100 %\n"), "100 %\n");
  assert.equal(shown("a long line\rshort\n"), "shortg line\n");
  assert.equal(shown("Windows\r\nlines\r\n"), "Windows\nlines\n");
  assert.equal(shown("kept  \nas is"), "kept  \nas is");
  assert.equal(shown("loading file 123 of 456\r\x1b[Kdone\n"), "done\n");
  assert.equal(shown("abc\b\bX\n"), "aXc\n");
  assert.equal(shown("abc\b\b\x1b[K\n"), "a\n");
  assert.equal(shown("abcdef\x1b[3D\x1b[1Kx"), "   xef");
  assert.equal(shown("abc\x1b[2K\x1b[Gd"), "d");
  assert.equal(shown("spinner |\b/\b-\bdone"), "spinner done");
  assert.equal(shown("a\x1b[3Cb"), "a   b");
});

Deno.test("TerminalText moves between lines, as several progress bars do", () => {
  assert.equal(shown("one 0 %\ntwo 0 %\n", "\x1b[2A\rone 9 %\n\rtwo 5 %\n"), "one 9 %\ntwo 5 %\n");
  assert.equal(shown("a\nb\nc\n\x1b[3A\x1b[J"), "");
  assert.equal(shown("a\nb\x1b[A\x1b[Bc"), "a\nbc");
  assert.equal(shown("a\nb\x1b[2J\x1b[A\rx"), "x\n");
});

Deno.test("TerminalText lets colours stay with their characters", () => {
  const red = "\x1b[31m", off = "\x1b[39m", reset = "\x1b[0m";
  assert.equal(shown(`${red}red${off} plain\n`), `${red}red${off} plain\n`);
  assert.equal(shown(`${red}12 %${off}\r${red}99 %${off}`), `${red}99 %${reset}`);
  assert.equal(shown(`${red}abc\rx`, `${off}y`), `${red}x${reset}y${red}c${reset}`);
  // A colour goes on over lines, also behind one that was written over.
  assert.equal(shown(`${red}a\rb\nc${off}`), `${red}b${reset}\n${red}c${off}`);
  assert.equal(shown("\x1b[38;5;200m\x1b[1ma\rb"), "\x1b[38;5;200m\x1b[1mb\x1b[0m");
  assert.equal(
    shown("\x1b[1;38;2;1;2;3;4mab\x1b[22;24m\rx"),
    "\x1b[38;2;1;2;3mx\x1b[0m\x1b[1m\x1b[38;2;1;2;3m\x1b[4mb\x1b[0m",
  );
});

Deno.test("TerminalText waits for what is cut between two parts", () => {
  const text =
    "loading\r\x1b[2Kdone \x1b[31mred\x1b[0m \x1b]8;;https://example.org\x07link\r\nnext\b!";
  for (let cut = 0; cut <= text.length; cut++) {
    assert.equal(shown(text.slice(0, cut), text.slice(cut)), shown(text), `cut at ${cut}`);
  }
  assert.equal(shown("first\r", "FI"), "FIrst");
});

Deno.test("TerminalText takes time in proportion to what is written", () => {
  const text = new TerminalText();
  for (let i = 0; i < 100_000; i++) text.write(`${i} of 100000\n`);
  for (let i = 0; i < 100_000; i++) text.write(`\r${i} of 100000`);
  text.write("\n" + "x".repeat(20_000_000));
  const lines = text.toString().split("\n");
  assert.equal(lines.length, 100_002);
  assert.equal(lines[100_000], "99999 of 100000");
  assert.equal(lines[100_001]!.length, 20_000_000);
  text.write("\rx\n" + "\x1b[1000C".repeat(100_000) + "\x1b[1000Ay");
});

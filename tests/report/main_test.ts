import assert from "node:assert/strict";
import { join } from "@std/path";
import { parseHTML } from "linkedom";
import { isRunning, show, until, withNotebooks } from "./notebooks.ts";

const PROJECT = join(import.meta.dirname!, "../..");

function command(args: readonly string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-P=report", join(PROJECT, "lib/report/main.ts"), ...args],
    cwd: PROJECT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function report(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await command(args).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

async function readPage(path: string): Promise<Document> {
  return parseHTML(await Deno.readTextFile(path)).document;
}

Deno.test("report writes a page for each notebook and an index, and leaves notebooks as they are", async () => {
  const notice = show({
    "text/html": `<p class="notice warning" role="alert">Generated pictures</p>`,
  });
  const notebooks = {
    "a.ipynb": ["# First\n\nThe lead.", notice, `console.log("hello")`],
    "b.ipynb": ["# Second", "1"],
  };
  await withNotebooks(notebooks, async (folder) => {
    const out = join(folder, "out");
    const paths = ["a.ipynb", "b.ipynb"].map((name) => join(folder, name));
    const before = await Promise.all(paths.map((path) => Deno.readTextFile(path)));
    const run = await report("--out", out, ...paths);
    assert.equal(run.code, 0, run.err);
    assert.match(
      run.out,
      /━━ a \(1 of 2\)\n {2}\[1\/2\] .*\n {2}\[2\/2\] console\.log\("hello"\)\nhello\n/,
    );
    assert.match(
      run.out,
      /Where the time went: .* in all\n +\S+ s +\d+ % {2}a\n +\S+ s +\d+ % {2}b\n/,
    );
    assert.match(
      run.out,
      /slowest cells:\n[\s\S]* s +\d+ % {2}a \[2\] {2}console\.log\("hello"\)\n/,
    );
    assert.match(run.out, /!! Generated pictures/);
    const after = await Promise.all(paths.map((path) => Deno.readTextFile(path)));
    assert.deepEqual(after, before);
    const page = await readPage(join(out, "a.html"));
    assert.equal(page.querySelector("pre.stdout")!.textContent, "hello");
    assert.equal(page.querySelector("footer .turn a")!.getAttribute("href"), "b.html");
    const index = await readPage(join(out, "index.html"));
    const titles = [...index.querySelectorAll(".cards a")].map((link) => link.textContent);
    assert.deepEqual(titles, ["First", "Second"]);
    assert.equal(index.querySelector('[role="alert"]')!.textContent, "Generated pictures");
    // A later run of one notebook keeps the other's place in the index.
    assert.equal((await report("--out", out, paths[1]!)).code, 0);
    const again = await readPage(join(out, "index.html"));
    assert.equal(again.querySelectorAll(".cards a").length, 2);
  });
});

Deno.test("report fails at a cell that throws, names it, and runs nothing after it", async () => {
  const notebooks = {
    "a.ipynb": ["# A", "1", `throw new RangeError("seven is too many")`, "2"],
    "b.ipynb": [`Deno.writeTextFileSync("ran", "")`],
  };
  await withNotebooks(notebooks, async (folder) => {
    const out = join(folder, "out");
    const path = join(folder, "a.ipynb"), before = await Deno.readTextFile(path);
    const run = await report("--save", "--out", out, path, join(folder, "b.ipynb"));
    assert.equal(run.code, 1);
    assert.match(run.err, /a, cell 2 threw an error:\n\nthrow new RangeError/);
    assert.match(run.err, /RangeError: seven is too many/);
    assert.match(run.out, /0 of 2 notebooks ran to their end/);
    assert.equal(await Deno.readTextFile(path), before);
    await assert.rejects(Deno.stat(join(folder, "ran")));
    const page = await readPage(join(out, "a.html"));
    assert.match(page.querySelector("pre.error")!.textContent, /seven is too many/);
    assert.match(page.querySelector('main [role="alert"]')!.textContent, /Cell 2 did not run/);
    const index = await readPage(join(out, "index.html"));
    assert.match(index.querySelector(".failed")!.textContent, /Cell 2/);
  });
});

Deno.test("report --save stores outputs as Jupyter does, the same from run to run", async () => {
  const cells = [
    "# Title",
    `console.log("one\\ntwo"); console.log(Deno.env.get("OF_TEST"))`,
    show({ "text/plain": "x", "application/vnd.deep-features.frame+html": "<p>small</p>" }),
    show({ "text/plain": "y" }).replace(
      `"y"`,
      `"y", "application/vnd.deep-features.frame+html": "z".repeat(300_000)`,
    ),
    `"${PROJECT}/data/x.bin file://${PROJECT}/lib/mod.ts"`,
  ];
  await withNotebooks({ "a.ipynb": cells }, async (folder) => {
    const path = join(folder, "a.ipynb"), out = join(folder, "out");
    assert.equal((await report("--save", "--out", out, path)).code, 0);
    const text = await Deno.readTextFile(path);
    const saved = JSON.parse(text);
    assert.ok(text.endsWith("}\n"));
    assert.ok(
      text.startsWith('{\n "cells": [\n  {\n   "cell_type": "markdown",\n   "id": "m0",\n'),
    );
    const [, first, small, large, paths] = saved.cells;
    assert.deepEqual(
      saved.cells.slice(1).map((cell: { execution_count: number }) => cell.execution_count),
      [1, 2, 3, 4],
    );
    assert.deepEqual(Object.keys(first), [...Object.keys(first)].sort());
    assert.deepEqual(first.outputs[0].text, ["one\n", "two\n", "undefined\n"]);
    assert.deepEqual(Object.keys(small.outputs[0].data), [
      "application/vnd.deep-features.frame+html",
      "text/plain",
    ]);
    // A large interactive page is in the report only.
    assert.deepEqual(Object.keys(large.outputs[0].data), ["text/plain"]);
    assert.equal((await readPage(join(out, "a.html"))).querySelectorAll("iframe").length, 2);
    assert.match(paths.outputs[0].data["text/plain"].join(""), /data\/x\.bin lib\/mod\.ts/);
    // The code of the cell is the author's, its outputs are not.
    assert.ok(!JSON.stringify(saved.cells[4].outputs).includes(PROJECT));
    assert.equal((await report("--save", "--out", out, path)).code, 0);
    assert.equal(await Deno.readTextFile(path), text);
  });
});

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(`report leaves no kernel behind on ${signal}`, async () => {
    const cell = `Deno.writeTextFileSync("pid", String(Deno.pid)); while (true);`;
    await withNotebooks({ "a.ipynb": [cell] }, async (folder) => {
      const child = command(["--out", join(folder, "out"), join(folder, "a.ipynb")]).spawn();
      const output = child.output();
      const read = () => Deno.readTextFile(join(folder, "pid")).catch(() => "");
      await until(async () => await read() !== "", "the cell runs");
      const kernel = Number(await read());
      assert.ok(await isRunning(kernel));
      child.kill(signal);
      assert.equal((await output).code, code);
      await until(async () => !await isRunning(kernel), "the kernel has ended");
    });
  });
}

Deno.test("report rejects what it cannot run before it runs anything", async () => {
  await withNotebooks({ "a.ipynb": [`Deno.writeTextFileSync("ran", "")`] }, async (folder) => {
    await Deno.writeTextFile(join(folder, "bad.ipynb"), "not a notebook");
    const good = join(folder, "a.ipynb");
    for (
      const [args, message] of [
        [[good, join(folder, "bad.ipynb")], /is not a notebook: it is not JSON/],
        [[good, "no_such_notebook"], /Cannot find the notebook no_such_notebook/],
        [[good, "--no-such-option"], /no-such-option/],
      ] as const
    ) {
      const run = await report("--out", join(folder, "out"), ...args);
      assert.equal(run.code, 2);
      assert.match(run.err, message);
    }
    await assert.rejects(Deno.stat(join(folder, "ran")));
  });
});

Deno.test({
  name: "continuous integration fails when a cell throws, and passes when none does",
  ignore: Deno.build.os === "windows",
  async fn() {
    await withNotebooks({ "good.ipynb": ["1"], "bad.ipynb": ["null.x"] }, async (folder) => {
      const run = async (name: string) => {
        const { code, stdout } = await new Deno.Command(join(PROJECT, ".ci/run"), {
          args: ["--notebooks", join(folder, name)],
        }).output();
        return { code, last: new TextDecoder().decode(stdout).trim().split("\n").at(-1) };
      };
      assert.deepEqual(await run("good.ipynb"), { code: 0, last: "1 passed, 0 failed" });
      assert.deepEqual(await run("bad.ipynb"), { code: 1, last: "0 passed, 1 failed" });
    });
  },
});

/** A character, with the colours that it was written with. */
interface Place {
  readonly text: string;
  readonly style: string;
}

/** A line: as it came, or place by place once something in it was written over. */
interface Line {
  /** The colours that hold where it begins. */
  readonly style: string;
  raw: string;
  places?: Place[];
}

/** Colours and the like (ECMA-48: SGR). */
// deno-lint-ignore no-control-regex
const STYLES = /\x1b\[([0-9;:]*)m/g;
/** What else moves, erases, or is to be left out. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\r\b\x1b]/;
/** A control sequence (introducer, parameters, final byte), another escape, or a character. */
const TOKEN =
  // deno-lint-ignore no-control-regex
  /\x1b\[([0-9;:<=>?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]|./gsu;
/** What means something only together with what follows: so it waits. */
// deno-lint-ignore no-control-regex
const UNFINISHED = /(?:\r|\x1b(?:\[[0-9;:<=>? -/]*|\][^\x07\x1b]{0,1000}\x1b?|[ -/]*)?)$/;
/** Longest beginning of a control sequence that is waited with. */
const LONGEST_UNFINISHED = 1100;
/** A longer line is kept as it came whatever is in it: place by place it would fill the memory. */
const LONGEST_LINE = 1_000_000;
const RESET = "\x1b[0m";

/**
 * Text as a terminal shows it: carriage returns and backspaces go back, what follows writes over, and
 * control sequences move and erase (ECMA-48: CUU, CUD, CUF, CUB, CHA, EL, ED). Colours stay with the
 * characters that they were written with. Lines never wrap.
 *
 * A line that is not written over is kept as it came, and takes time in proportion to its length.
 */
export class TerminalText {
  readonly #lines: Line[] = [{ style: "", raw: "" }];
  #row = 0;
  /** Where the next character goes, in a line of places; else it goes to the line's end. */
  #column = 0;
  #style = "";
  #waiting = "";

  /** Writes text on. */
  write(text: string): void {
    text = this.#waiting + text;
    this.#waiting = text.slice(-LONGEST_UNFINISHED).match(UNFINISHED)?.[0] ?? "";
    const parts = text.slice(0, text.length - this.#waiting.length).split(/\r*\n/);
    for (const [i, part] of parts.entries()) {
      if (i > 0) this.#newLine();
      if (part !== "") this.#writePart(part);
    }
  }

  /** All that is shown. */
  toString(): string {
    let isReset = false;
    return this.#lines.map((line) => {
      const text = line.places ? placesText(line.places) : (isReset ? line.style : "") + line.raw;
      isReset = line.places !== undefined;
      return text;
    }).join("\n");
  }

  #newLine(): void {
    this.#row++;
    if (this.#row === this.#lines.length) this.#lines.push({ style: this.#style, raw: "" });
    else this.#places();
    this.#column = 0;
  }

  #writePart(part: string): void {
    const line = this.#lines[this.#row]!;
    const isLong = line.raw.length + part.length > LONGEST_LINE;
    if (!line.places && (isLong || !CONTROL.test(part.replace(STYLES, "")))) {
      line.raw += part;
      for (const [, codes] of part.matchAll(STYLES)) this.#style = restyled(this.#style, codes!);
      return;
    }
    this.#places();
    for (const [token, parameters, final] of part.matchAll(TOKEN)) {
      if (final !== undefined) this.#control(final, parameters!);
      else if (token === "\r") this.#column = 0;
      else if (token === "\b") this.#column = Math.max(0, this.#column - 1);
      else if (!token.startsWith("\x1b")) this.#put(token);
    }
  }

  /** The cursor's line, place by place. */
  #places(): Place[] {
    const line = this.#lines[this.#row]!;
    if (line.places) return line.places;
    line.places = [];
    let style = line.style;
    for (const [token, codes, final] of line.raw.matchAll(TOKEN)) {
      if (final === "m") style = restyled(style, codes!);
      else line.places.push({ text: token, style });
    }
    line.raw = "";
    if (this.#row === this.#lines.length - 1) this.#column = line.places.length;
    return line.places;
  }

  #put(text: string): void {
    const places = this.#places();
    while (places.length < this.#column) places.push({ text: " ", style: "" });
    places[this.#column++] = { text, style: this.#style };
  }

  #control(final: string, parameters: string): void {
    const count = Math.min(Math.max(1, parseInt(parameters) || 1), MAX_MOVE);
    switch (final) {
      case "m":
        this.#style = restyled(this.#style, parameters);
        break;
      case "A":
        this.#moveTo(Math.max(0, this.#row - count));
        break;
      case "B":
        this.#moveTo(Math.min(this.#lines.length - 1, this.#row + count));
        break;
      case "C":
        this.#column = Math.max(this.#column, Math.min(this.#column + count, MAX_COLUMN));
        break;
      case "D":
        this.#column = Math.max(0, this.#column - count);
        break;
      case "G":
        this.#column = count - 1;
        break;
      case "K":
        this.#erase(this.#places(), parameters);
        break;
      case "J":
        this.#eraseLines(parameters);
        break;
    }
  }

  #moveTo(row: number): void {
    const column = this.#column;
    this.#row = row;
    this.#places();
    this.#column = column;
  }

  #erase(places: Place[], parameters: string): void {
    const blank = { text: " ", style: "" };
    if (parameters === "1") places.fill(blank, 0, this.#column + 1);
    else if (parameters === "2") places.length = 0;
    else places.length = Math.min(places.length, this.#column);
  }

  #eraseLines(parameters: string): void {
    if (parameters === "2" || parameters === "3") {
      for (const line of this.#lines) {
        line.raw = "";
        line.places = [];
      }
    } else if (parameters !== "1") {
      this.#erase(this.#places(), "0");
      this.#lines.length = this.#row + 1;
    }
  }
}

/** No movement goes farther: a wide one would fill the memory with blanks. */
const MAX_MOVE = 1000, MAX_COLUMN = 10_000;

function placesText(places: readonly Place[]): string {
  let end = places.length;
  // Blanks at the end are what an earlier, longer line was erased with.
  while (end > 0 && places[end - 1]!.text === " " && places[end - 1]!.style === "") end--;
  let text = "", style = "";
  for (const place of places.slice(0, end)) {
    if (place.style !== style) {
      text += (style === "" ? "" : RESET) + place.style;
      style = place.style;
    }
    text += place.text;
  }
  return text + (style === "" ? "" : RESET);
}

/** Which of the styles a code sets or ends, so that a later one takes an earlier one's place. */
function kindOf(code: number): string {
  if ((code >= 30 && code <= 39) || (code >= 90 && code <= 97)) return "text";
  if ((code >= 40 && code <= 49) || (code >= 100 && code <= 107)) return "background";
  if (code === 1 || code === 2 || code === 22) return "weight";
  return String(code >= 23 && code <= 29 ? code - 20 : code);
}

const ENDS = new Set([22, 23, 24, 25, 27, 28, 29, 39, 49]);

/** The style after a sequence of codes: what still holds, each as a sequence of its own. */
function restyled(style: string, parameters: string): string {
  const holds = new Map<string, string>();
  for (const [sequence, codes] of style.matchAll(STYLES)) {
    holds.set(kindOf(parseInt(codes!)), sequence);
  }
  const codes = parameters.split(";");
  for (let i = 0; i < codes.length; i++) {
    const code = parseInt(codes[i]!) || 0;
    // An extended colour: 38;5;n or 38;2;r;g;b.
    const more = (code === 38 || code === 48) && !codes[i]!.includes(":")
      ? (codes[i + 1] === "2" ? 4 : 2)
      : 0;
    const whole = codes.slice(i, i + 1 + more).join(";");
    i += more;
    if (code === 0) holds.clear();
    else if (ENDS.has(code)) holds.delete(kindOf(code));
    else holds.set(kindOf(code), `\x1b[${whole}m`);
  }
  return [...holds.values()].join("");
}

import { TerminalText } from "./engine/terminal_text.ts";
import type { Message } from "./kernel.ts";
import type { MimeBundle, Output } from "./notebook.ts";

/** An output that is a bundle of forms by MIME type. */
type Bundle = Output & { output_type: "display_data" | "execute_result" };

type ErrorOutput = Output & { output_type: "error" };

/** Displays that a later message may update, by their id: over all cells of a notebook. */
export type Displays = Map<string, Bundle[]>;

/** A piece of a stream, while it is being written. */
interface OpenStream {
  readonly output_type: "stream";
  readonly name: "stdout" | "stderr";
  readonly text: TerminalText;
}

/**
 * Gathers a cell's outputs from the kernel's messages, as Jupyter's own front ends do. Whatever a cell
 * sends, what comes out are outputs of the notebook format: a cell may broadcast any message.
 */
export class OutputCollector {
  readonly #outputs: (OpenStream | Bundle)[] = [];
  /** A cell ends with its error, which the kernel may send before what was put out until then. */
  readonly #errors: ErrorOutput[] = [];
  readonly #displays: Displays;
  #clearNext = false;

  /** @param displays Shared by the cells of a notebook */
  constructor(displays: Displays) {
    this.#displays = displays;
  }

  /** What the cell has put out so far. */
  get outputs(): Output[] {
    const outputs = this.#outputs.map((output) =>
      output.output_type === "stream" ? { ...output, text: output.text.toString() } : output
    );
    return [...outputs, ...this.#errors];
  }

  /** The error that the cell ended with, if it did. */
  get error(): ErrorOutput | undefined {
    return this.#errors.at(-1);
  }

  /** Takes a message in; returns whether it is an output, or changes one. */
  add({ header, content }: Message): boolean {
    switch (header.msg_type) {
      case "stream":
        this.#stream(content["name"] === "stderr" ? "stderr" : "stdout", content["text"]);
        break;
      case "display_data":
      case "execute_result":
        this.#display(header.msg_type, content);
        break;
      case "update_display_data":
        return this.#update(content);
      case "error":
        this.addError({
          output_type: "error",
          ename: text(content["ename"], "Error"),
          evalue: text(content["evalue"], ""),
          traceback: [content["traceback"]].flat().filter((line) => typeof line === "string"),
        });
        break;
      case "clear_output":
        if (content["wait"]) this.#clearNext = true;
        else this.#clear();
        break;
      default:
        return false;
    }
    return true;
  }

  /** Adds an error: it stands behind all other outputs. */
  addError(error: ErrorOutput): void {
    this.#clearIfAsked();
    this.#errors.push(error);
  }

  #stream(name: OpenStream["name"], content: unknown): void {
    if (typeof content !== "string") {
      return this.#stream("stderr", `(A cell sent a message of type stream without text)\n`);
    }
    this.#clearIfAsked();
    const last = this.#outputs.at(-1);
    if (last?.output_type === "stream" && last.name === name) return last.text.write(content);
    const stream: OpenStream = { output_type: "stream", name, text: new TerminalText() };
    stream.text.write(content);
    this.#outputs.push(stream);
  }

  #display(type: Bundle["output_type"], content: Record<string, unknown>): void {
    const data = bundle(content["data"]), metadata = bundle(content["metadata"]);
    const output: Bundle = type === "display_data"
      ? { output_type: type, data, metadata }
      : { output_type: type, data, metadata, execution_count: count(content["execution_count"]) };
    this.#update(content);
    const id = displayId(content);
    if (id !== undefined) {
      const all = this.#displays.get(id);
      if (all) all.push(output);
      else this.#displays.set(id, [output]);
    }
    this.#clearIfAsked();
    this.#outputs.push(output);
  }

  /** Changes all displays of an id; returns whether there are any. */
  #update(content: Record<string, unknown>): boolean {
    const id = displayId(content);
    const displays = id === undefined ? undefined : this.#displays.get(id);
    for (const output of displays ?? []) {
      output.data = bundle(content["data"]);
      output.metadata = bundle(content["metadata"]);
    }
    return displays !== undefined;
  }

  #clearIfAsked(): void {
    if (this.#clearNext) this.#clear();
    this.#clearNext = false;
  }

  #clear(): void {
    this.#outputs.length = this.#errors.length = 0;
  }
}

function displayId(content: Record<string, unknown>): string | undefined {
  const id = bundle(content["transient"])["display_id"];
  return typeof id === "string" ? id : undefined;
}

function bundle(value: unknown): MimeBundle {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as MimeBundle
    : {};
}

function text(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

function count(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : null;
}

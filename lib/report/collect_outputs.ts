import { joinText, type Output } from "./notebook.ts";
import type { Message } from "./kernel.ts";

/** Displays that a later message may update, by their id: over all cells of a notebook. */
export type Displays = Map<string, Output & { output_type: "display_data" }>;

/** Gathers a cell's outputs from the kernel's messages, as Jupyter's own front ends do. */
export class OutputCollector {
  /** What the cell has put out so far. */
  readonly outputs: Output[] = [];
  readonly #displays: Displays;
  #clearNext = false;

  /** @param displays Shared by the cells of a notebook */
  constructor(displays: Displays) {
    this.#displays = displays;
  }

  /** Takes a message in. */
  add({ header, content }: Message): void {
    switch (header.msg_type) {
      case "stream":
        this.#push({
          output_type: "stream",
          name: content["name"] as "stdout" | "stderr",
          text: content["text"] as string,
        });
        break;
      case "display_data": {
        const output = {
          output_type: "display_data" as const,
          data: content["data"] as Record<string, unknown>,
          metadata: content["metadata"] as Record<string, unknown> ?? {},
        };
        const id = (content["transient"] as { display_id?: string } | undefined)
          ?.display_id;
        if (id !== undefined) this.#displays.set(id, output);
        this.#push(output);
        break;
      }
      case "update_display_data": {
        const id = (content["transient"] as { display_id?: string } | undefined)
          ?.display_id;
        const output = id === undefined ? undefined : this.#displays.get(id);
        if (!output) break;
        output.data = content["data"] as Record<string, unknown>;
        output.metadata = content["metadata"] as Record<string, unknown> ?? {};
        break;
      }
      case "execute_result":
        this.#push({
          output_type: "execute_result",
          data: content["data"] as Record<string, unknown>,
          metadata: content["metadata"] as Record<string, unknown> ?? {},
          execution_count: content["execution_count"] as number,
        });
        break;
      case "error":
        this.#push({
          output_type: "error",
          ename: content["ename"] as string,
          evalue: content["evalue"] as string,
          traceback: content["traceback"] as string[],
        });
        break;
      case "clear_output":
        if (content["wait"]) this.#clearNext = true;
        else this.outputs.length = 0;
        break;
    }
  }

  #push(output: Output): void {
    if (this.#clearNext) {
      this.outputs.length = 0;
      this.#clearNext = false;
    }
    const last = this.outputs.at(-1);
    if (output.output_type !== "stream") this.outputs.push(output);
    else if (last?.output_type === "stream" && last.name === output.name) {
      last.text = collapseReturns(joinText(last.text) + joinText(output.text));
    } else {
      this.outputs.push({ ...output, text: collapseReturns(joinText(output.text)) });
    }
  }
}

/**
 * What a terminal would show: a carriage return lets the rest of the line be written over. In the line
 * that is still being written, a return waits for what follows, and stays.
 */
export function collapseReturns(text: string): string {
  if (!text.includes("\r")) return text;
  const lines = text.split("\n");
  return lines.map((line, i) => {
    const isOpen = i === lines.length - 1 && line.endsWith("\r");
    return overwrite(line) + (isOpen ? "\r" : "");
  }).join("\n");
}

function overwrite(line: string): string {
  const states = line.split("\r");
  if (states.length === 1) return line;
  let shown = "";
  for (const state of states) shown = state + shown.slice(state.length);
  return shown.trimEnd();
}

import { joinText, type Output } from "./notebook.ts";
import type { Message } from "./kernel.ts";

/** Gathers a notebook's outputs from the kernel's messages, as Jupyter's own front ends do. */
export class OutputCollector {
  /** Displays that a later message may update, by their id, over all cells. */
  readonly #displays = new Map<
    string,
    Output & { output_type: "display_data" }
  >();
  #outputs: Output[] = [];
  #clearNext = false;

  /** Begins a cell; returns the list that its outputs go to. */
  begin(): Output[] {
    this.#clearNext = false;
    return this.#outputs = [];
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
          metadata: {},
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
        if (output) output.data = content["data"] as Record<string, unknown>;
        break;
      }
      case "execute_result":
        this.#push({
          output_type: "execute_result",
          data: content["data"] as Record<string, unknown>,
          metadata: {},
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
        else this.#outputs.length = 0;
        break;
    }
  }

  #push(output: Output): void {
    if (this.#clearNext) {
      this.#outputs.length = 0;
      this.#clearNext = false;
    }
    const last = this.#outputs.at(-1);
    if (
      output.output_type === "stream" && last?.output_type === "stream" &&
      last.name === output.name
    ) {
      last.text = collapseReturns(joinText(last.text) + joinText(output.text));
    } else if (output.output_type === "stream") {
      this.#outputs.push({
        ...output,
        text: collapseReturns(joinText(output.text)),
      });
    } else {
      this.#outputs.push(output);
    }
  }
}

/** What a terminal would show: a carriage return lets the rest of the line be written over. */
export function collapseReturns(text: string): string {
  return text.split("\n").map((line, i, lines) => {
    const states = line.split("\r");
    // In the line that is being written a return at the end still waits for what follows.
    if (i === lines.length - 1) {
      const last = states.findLast((state) => state !== "") ?? "";
      return states.length > 1 ? `\r${last}` : last;
    }
    return (states.findLast((state) => state !== "") ?? "").trimEnd();
  }).join("\n");
}

import { Channel } from "../../lib/report/engine/channel.ts";
import { KernelProcess } from "../../lib/report/engine/kernel_process.ts";

/** What a cell put out: the message's type, and the cell that the kernel says it came from. */
export interface Heard {
  readonly type: string;
  readonly text: string;
  readonly cell: number;
}

/** A kernel that is asked and interrupted as Jupyter does it, and not as a report does. */
export class RawKernel {
  readonly #process: KernelProcess;
  readonly #shell: Channel;
  readonly #iopub: Channel;
  readonly #messages: AsyncGenerator<
    { header: { msg_type: string }; parent_header: { msg_id?: string }; content: unknown }
  >;
  #asked = 0;

  private constructor(process: KernelProcess, shell: Channel, iopub: Channel) {
    this.#process = process;
    this.#shell = shell;
    this.#iopub = iopub;
    this.#messages = iopub.messages();
  }

  /** Starts a kernel in a folder. */
  static async start(cwd: string): Promise<RawKernel> {
    const listeners = [1, 2, 3, 4, 5].map(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
    const [shell, iopub, stdin, control, hb] = listeners.map(({ addr }) => addr.port);
    for (const listener of listeners) listener.close();
    const keys = { key: crypto.randomUUID(), session: crypto.randomUUID() };
    const process = await KernelProcess.start(cwd, {
      transport: "tcp",
      ip: "127.0.0.1",
      shell_port: shell,
      iopub_port: iopub,
      stdin_port: stdin,
      control_port: control,
      hb_port: hb,
      key: keys.key,
      signature_scheme: "hmac-sha256",
      kernel_name: "deno",
    });
    const open = async (port: number, type: "DEALER" | "SUB"): Promise<Channel> => {
      try {
        return await Channel.open(port, type, keys);
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
        await pause(50);
        return await open(port, type);
      }
    };
    const kernel = new RawKernel(process, await open(shell!, "DEALER"), await open(iopub!, "SUB"));
    // The kernel publishes to those whose subscription has arrived.
    await pause(300);
    return kernel;
  }

  /** Sends all cells at once, and gathers what comes until the last one has ended. */
  async run(...cells: string[]): Promise<Heard[]> {
    for (const code of cells) {
      const id = `cell ${this.#asked++}`;
      await this.#shell.send("execute_request", { code, silent: false, store_history: true }, id);
    }
    const heard: Heard[] = [];
    while (true) {
      const { done, value } = await this.#messages.next();
      if (done) throw new Error("The kernel closed its connection");
      const cell = Number(value.parent_header.msg_id?.split(" ")[1]);
      const type = value.header.msg_type;
      const { execution_state, text, evalue, data } = value.content as Record<string, unknown>;
      if (execution_state === "idle" && cell === this.#asked - 1) return heard;
      const shown = text ?? evalue ?? (data as { "text/plain"?: string })?.["text/plain"];
      heard.push({ type, cell, text: String(shown) });
    }
  }

  /** Does what Jupyter's “interrupt” does. */
  async interrupt(): Promise<void> {
    Deno.kill(await this.#process.pid, "SIGINT");
  }

  /** Ends the kernel. */
  async stop(): Promise<void> {
    this.#shell.close();
    this.#iopub.close();
    await this.#process.kill();
  }
}

/** Waits a while. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

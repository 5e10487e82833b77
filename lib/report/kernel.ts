import { createHmac } from "node:crypto";
import { join } from "@std/path";
import * as zmq from "zeromq";

/** A message of the Jupyter protocol (https://jupyter-client.readthedocs.io, "Messaging"). */
export interface Message {
  readonly header: { readonly msg_id: string; readonly msg_type: string };
  readonly parent_header: { readonly msg_id?: string };
  readonly content: Record<string, unknown>;
}

/** How an execution ended. */
export interface Reply {
  readonly status: "ok" | "error" | "aborted";
  readonly executionCount: number | null;
}

/** Longest time that a kernel may take to answer its first question. */
const START_TIMEOUT_MS = 60_000;
/** How often it is asked, as it may not be listening yet. */
const ASK_EVERY_MS = 500;
/** How long a kernel may take to shut down before it is killed. */
const SHUTDOWN_MS = 1500;

const DELIMITER = "<IDS|MSG>";

/** A running Deno kernel, spoken to over ZeroMQ. */
export class KernelSession {
  readonly #process: Deno.ChildProcess;
  readonly #folder: string;
  readonly #key: string;
  readonly #session = crypto.randomUUID();
  readonly #shell: zmq.Dealer;
  readonly #control: zmq.Dealer;
  readonly #iopub: zmq.Subscriber;
  readonly #died: Promise<never>;
  #onIopub: (message: Message) => void = () => {};
  #onShell: (message: Message) => void = () => {};
  #ended = false;

  private constructor(
    process: Deno.ChildProcess,
    folder: string,
    key: string,
    ports: readonly number[],
  ) {
    this.#process = process;
    this.#folder = folder;
    this.#key = key;
    const [shell, iopub, , control] = ports.map((port) => `tcp://127.0.0.1:${port}`);
    this.#shell = new zmq.Dealer({ routingId: this.#session, linger: 0 });
    this.#control = new zmq.Dealer({ routingId: this.#session, linger: 0 });
    this.#iopub = new zmq.Subscriber({ linger: 0 });
    this.#shell.connect(shell!);
    this.#control.connect(control!);
    this.#iopub.connect(iopub!);
    this.#iopub.subscribe();
    this.#died = process.status.then(async ({ code, signal }) => {
      const text = await new Response(process.stderr).text();
      throw new Error(
        `The kernel died (${signal ?? `exit code ${code}`})${
          text.trim() ? `: ${text.trim().split("\n").slice(-3).join(" ")}` : ""
        }`,
      );
    });
    this.#died.catch(() => {});
    void this.#listen(this.#iopub, (message) => this.#onIopub(message));
    void this.#listen(this.#shell, (message) => this.#onShell(message));
  }

  /**
   * Starts a Deno kernel in a folder and waits until it answers.
   *
   * @param cwd Working directory of the kernel, that of the notebook
   * @throws {Error} If the kernel dies or does not answer
   */
  static async start(cwd: string): Promise<KernelSession> {
    const folder = await Deno.makeTempDir({ prefix: "kernel-" });
    const ports = freePorts(5);
    const key = crypto.randomUUID();
    const connection = {
      transport: "tcp",
      ip: "127.0.0.1",
      shell_port: ports[0],
      iopub_port: ports[1],
      stdin_port: ports[2],
      control_port: ports[3],
      hb_port: ports[4],
      key,
      signature_scheme: "hmac-sha256",
      kernel_name: "deno",
    };
    const file = join(folder, "connection.json");
    await Deno.writeTextFile(file, JSON.stringify(connection));
    const process = new Deno.Command(Deno.execPath(), {
      args: ["jupyter", "--kernel", "--conn", file],
      cwd,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const kernel = new KernelSession(process, folder, key, ports);
    try {
      await kernel.#handshake();
    } catch (error) {
      await kernel.stop();
      throw error;
    }
    return kernel;
  }

  /** Process number of the kernel. */
  get pid(): number {
    return this.#process.pid;
  }

  /**
   * Runs code and waits for its end.
   *
   * @param onMessage Told each message on the way: streams, displays, results, errors
   * @throws {Error} If the kernel dies
   */
  async execute(
    code: string,
    onMessage: (message: Message) => void,
  ): Promise<Reply> {
    const id = crypto.randomUUID();
    const idle = Promise.withResolvers<void>();
    const reply = Promise.withResolvers<Message>();
    this.#onIopub = (message) => {
      if (message.parent_header.msg_id !== id) return;
      const { msg_type } = message.header;
      if (
        msg_type === "status" && message.content["execution_state"] === "idle"
      ) idle.resolve();
      onMessage(message);
    };
    this.#onShell = (message) => {
      if (message.parent_header.msg_id === id) reply.resolve(message);
    };
    await this.#send(this.#shell, "execute_request", {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
    }, id);
    const [{ content }] = await Promise.race([
      Promise.all([reply.promise, idle.promise]),
      this.#died,
    ]);
    return {
      status: content["status"] as Reply["status"],
      executionCount: (content["execution_count"] as number | undefined) ??
        null,
    };
  }

  /** Asks the kernel to end, and kills it if it does not; nothing is left behind. */
  async stop(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#send(this.#control, "shutdown_request", { restart: false })
      .catch(() => {});
    const timer = setTimeout(() => this.kill(), SHUTDOWN_MS);
    await this.#process.status;
    clearTimeout(timer);
    await this.#died.catch(() => {});
    for (const socket of [this.#shell, this.#control, this.#iopub]) {
      socket.close();
    }
    await Deno.remove(this.#folder, { recursive: true });
  }

  /** Kills the kernel at once. */
  kill(): void {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
  }

  async #handshake(): Promise<void> {
    const answered = Promise.withResolvers<void>(),
      heard = Promise.withResolvers<void>();
    this.#onShell = () => answered.resolve();
    // Messages on iopub are lost until the subscription has arrived, so wait to hear one.
    this.#onIopub = () => heard.resolve();
    const ask = () => this.#send(this.#shell, "kernel_info_request", {}).catch(() => {});
    await ask();
    const asking = setInterval(ask, ASK_EVERY_MS);
    const timeout = Promise.withResolvers<never>();
    const timer = setTimeout(
      () =>
        timeout.reject(
          new Error(
            `The kernel has not answered for ${START_TIMEOUT_MS / 1000} s`,
          ),
        ),
      START_TIMEOUT_MS,
    );
    try {
      await Promise.race([
        Promise.all([answered.promise, heard.promise]),
        this.#died,
        timeout.promise,
      ]);
    } finally {
      clearInterval(asking);
      clearTimeout(timer);
    }
  }

  async #send(
    socket: zmq.Dealer,
    type: string,
    content: unknown,
    id: string = crypto.randomUUID(),
  ): Promise<void> {
    const header = {
      msg_id: id,
      msg_type: type,
      username: "report",
      session: this.#session,
      date: new Date().toISOString(),
      version: "5.3",
    };
    const parts = [header, {}, {}, content].map((part) => JSON.stringify(part));
    await socket.send([DELIMITER, this.#sign(parts), ...parts]);
  }

  async #listen(
    socket: zmq.Dealer | zmq.Subscriber,
    onMessage: (message: Message) => void,
  ): Promise<void> {
    try {
      for await (const frames of socket) {
        const texts = frames.map((frame) => frame.toString());
        const start = texts.indexOf(DELIMITER);
        const parts = texts.slice(start + 2, start + 6);
        if (start < 0 || texts[start + 1] !== this.#sign(parts)) continue;
        const [header, parent, , content] = parts.map((part) => JSON.parse(part));
        onMessage({ header, parent_header: parent, content });
      }
    } catch (error) {
      if (!this.#ended) throw error;
    }
  }

  #sign(parts: readonly string[]): string {
    const hmac = createHmac("sha256", this.#key);
    for (const part of parts) hmac.update(part);
    return hmac.digest("hex");
  }
}

function freePorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  const ports = listeners.map(({ addr }) => addr.port);
  for (const listener of listeners) listener.close();
  return ports;
}

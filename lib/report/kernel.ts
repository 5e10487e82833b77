import { createHmac } from "node:crypto";
import { stripVTControlCharacters } from "node:util";
import { join } from "@std/path";
import type * as zmq from "zeromq";
import { FRAMES_VARIABLE } from "../notebook/frame_type.ts";

/** A message of the Jupyter protocol (https://jupyter-client.readthedocs.io, "Messaging"). */
export interface Message {
  readonly header: { readonly msg_id: string; readonly msg_type: string };
  readonly parent_header: { readonly msg_id?: string };
  readonly content: Record<string, unknown>;
}

/** How an execution ended. */
export interface Reply {
  readonly status: "ok" | "error" | "aborted";
  /** What was thrown, if the kernel says so here: a syntax error is told in no other place. */
  readonly error?: {
    readonly ename: string;
    readonly evalue: string;
    readonly traceback: string[];
  };
}

/** The kernel ended, or never answered: no cell can run any more. */
export class KernelError extends Error {
  override readonly name = "KernelError";
}

/** Longest time that a kernel may take to answer its first question. */
const START_TIMEOUT_MS = 60_000;
/** How often a kernel that died at once is started again. */
const START_ATTEMPTS = 3;
/** How often it is asked, as it may not be listening yet. */
const ASK_EVERY_MS = 500;
/** How long a kernel may take to shut down before it is killed. */
const SHUTDOWN_MS = 1500;
/** The Deno kernel may send a cell's result after saying that it is idle: how long to wait for such. */
const DRAIN_MS = 150;
/** How much of what the kernel's process writes to its standard error is kept. */
const STDERR_KEPT = 4000;
/** Earlier versions of Deno report a cell that threw as one that ran. */
const OLDEST_DENO = [2, 9];

const DELIMITER = "<IDS|MSG>";

/**
 * Sockets of kernels that have ended. Deno 2.9.6 crashes (a segmentation fault) in most runs in which a
 * socket of zeromq is closed or collected while it waits for a message, so they are only disconnected
 * and kept until the process ends.
 */
const parked: unknown[] = [];

const running = new Set<KernelSession>();

/** Kills every kernel that runs, at once: for the moment before this process ends. */
export function killAllKernels(): void {
  for (const kernel of running) kernel.kill();
}

/** A running Deno kernel, spoken to over ZeroMQ. */
export class KernelSession {
  readonly #process: Deno.ChildProcess;
  readonly #folder: string;
  readonly #key: string;
  readonly #session = crypto.randomUUID();
  readonly #shell: zmq.Dealer;
  readonly #control: zmq.Dealer;
  readonly #iopub: zmq.Subscriber;
  readonly #connections: readonly (readonly [zmq.Dealer | zmq.Subscriber, string])[];
  readonly #died: Promise<never>;
  /** Who is told of the messages that answer a request, by its id; late ones come after its end. */
  readonly #listeners = new Map<string, (message: Message) => void>();
  #onIopub: () => void = () => {};
  #onShell: (message: Message) => void = () => {};
  #stderr = "";
  #ended = false;

  private constructor(
    { Dealer, Subscriber }: typeof zmq,
    process: Deno.ChildProcess,
    folder: string,
    key: string,
    ports: readonly number[],
  ) {
    this.#process = process;
    this.#folder = folder;
    this.#key = key;
    const [shell, iopub, , control] = ports.map((port) => `tcp://127.0.0.1:${port}`);
    this.#shell = new Dealer({ routingId: this.#session, linger: 0 });
    this.#control = new Dealer({ routingId: this.#session, linger: 0 });
    this.#iopub = new Subscriber({ linger: 0 });
    this.#connections = [[this.#shell, shell!], [this.#control, control!], [this.#iopub, iopub!]];
    for (const [socket, address] of this.#connections) socket.connect(address);
    this.#iopub.subscribe();
    running.add(this);
    // Read all the time: a full pipe would stop the kernel, and its end may come after the kernel's.
    void this.#keepStderr();
    this.#died = process.status.then(({ code, signal }) => {
      running.delete(this);
      const said = stripVTControlCharacters(this.#stderr).trim().split("\n").slice(-3).join(" ");
      throw new KernelError(
        `The kernel died (${signal ?? `exit code ${code}`})${said && `: ${said}`}`,
      );
    });
    this.#died.catch(() => {});
    void this.#listen(this.#iopub, (message) => {
      this.#onIopub();
      this.#listeners.get(message.parent_header.msg_id ?? "")?.(message);
    });
    void this.#listen(this.#shell, (message) => this.#onShell(message));
  }

  /**
   * Starts a Deno kernel in a folder and waits until it answers.
   *
   * @param cwd Working directory of the kernel, that of the notebook
   * @throws {KernelError} If the kernel dies or does not answer, or this Deno is too old
   */
  static async start(cwd: string): Promise<KernelSession> {
    rejectOldDeno();
    const sockets = await loadZeromq();
    for (let attempt = 1;; attempt++) {
      try {
        return await KernelSession.#startOnce(sockets, cwd);
      } catch (error) {
        // Another program may have taken one of the ports before the kernel could.
        if (attempt === START_ATTEMPTS || !(error instanceof KernelError)) throw error;
      }
    }
  }

  static async #startOnce(sockets: typeof zmq, cwd: string): Promise<KernelSession> {
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
      env: { [FRAMES_VARIABLE]: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const kernel = new KernelSession(sockets, process, folder, key, ports);
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
   * @param onMessage Told each message on the way: streams, displays, results, errors. Some come after
   *   the end: work that goes on in the background, and results that the kernel sends late
   * @throws {KernelError} If the kernel dies
   */
  async execute(
    code: string,
    onMessage: (message: Message) => void,
  ): Promise<Reply> {
    const id = crypto.randomUUID();
    const idle = Promise.withResolvers<void>();
    const reply = Promise.withResolvers<Message>();
    this.#listeners.set(id, (message) => {
      onMessage(message);
      if (
        message.header.msg_type === "status" && message.content["execution_state"] === "idle"
      ) idle.resolve();
    });
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
    const status = content["status"] as Reply["status"];
    return typeof content["ename"] === "string"
      ? { status, error: content as unknown as NonNullable<Reply["error"]> }
      : { status };
  }

  /** Waits for messages that the kernel sends after the end of a cell. */
  async drain(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, DRAIN_MS));
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
    for (const [socket, address] of this.#connections) {
      socket.disconnect(address);
      parked.push(socket);
    }
    await Deno.remove(this.#folder, { recursive: true }).catch(() => {});
  }

  /** Kills the kernel at once. */
  kill(): void {
    try {
      this.#process.kill("SIGKILL");
      Deno.removeSync(this.#folder, { recursive: true });
    } catch {
      // It has ended already.
    }
  }

  async #keepStderr(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of this.#process.stderr) {
      this.#stderr = (this.#stderr + decoder.decode(bytes, { stream: true })).slice(-STDERR_KEPT);
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
          new KernelError(
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

async function loadZeromq(): Promise<typeof zmq> {
  try {
    return await import("zeromq");
  } catch (cause) {
    throw new KernelError(
      "Cannot speak to a kernel: zeromq's native part does not load here. It needs the permissions " +
        `read, env and ffi, and one of the systems that zeromq is built for; this is ${Deno.build.target}. ` +
        (cause as Error).message,
      { cause },
    );
  }
}

function rejectOldDeno(): void {
  const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
  if (major > OLDEST_DENO[0]! || (major === OLDEST_DENO[0] && minor >= OLDEST_DENO[1]!)) return;
  throw new KernelError(
    `Cannot run notebooks on Deno ${Deno.version.deno}: ${
      OLDEST_DENO.join(".")
    } or newer is needed`,
  );
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

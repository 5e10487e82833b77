import { RUN_FACTS_CODE } from "../base/run_facts.ts";
import { Channel, type Message } from "./engine/channel.ts";
import { type Ending, KernelProcess } from "./engine/kernel_process.ts";

export type { Message };

/** How an execution ended. */
export interface Reply {
  readonly status: "ok" | "error" | "aborted";
  /** What was thrown, if the kernel says so here: a syntax error is told in no other place. */
  readonly error?: {
    readonly ename: string;
    readonly evalue: string;
    readonly traceback: string[];
  };
  /** What was thrown as Deno shows it: with its cause and its fields. */
  readonly thrown?: string;
}

/** What {@linkcode KernelSession.execute} can be told. */
export interface ExecuteOptions {
  /** Longest time that the code may take, in seconds; default: any. */
  readonly timeout?: number;
}

/** The kernel ended, or never answered: no cell can run any more. */
export class KernelError extends Error {
  override readonly name = "KernelError";
}

/** Longest time that a kernel may take to answer its first question. */
const START_TIMEOUT_MS = 60_000;
/** How often a kernel that died at once is started again. */
const START_ATTEMPTS = 3;
/** How often it is tried whether it listens already. */
const CONNECT_EVERY_MS = 25;
/** How often it is asked, as it may not be listening yet. */
const ASK_EVERY_MS = 500;
/** How long a kernel may take to shut down before it is killed. */
const SHUTDOWN_MS = 1500;
/** How long a kernel may take to tell of its run: a cell may have left it busy. */
const FACTS_TIMEOUT_MS = 10_000;
/** Earlier versions of Deno report a cell that threw as one that ran. */
const OLDEST_DENO = [2, 9];

/** Where the kernel keeps what a cell threw: it passes on name, message and stack alone. */
const THROWN = "deep-features.thrown";

/**
 * Run in the kernel before any cell. The kernel asks `instanceof Error` of what a cell threw, and this
 * is how it can be seen whole.
 */
const SET_UP = `{
  await import(${JSON.stringify(new URL("../notebook/kernel_hooks.ts", import.meta.url).href)});
  const ordinary = Function.prototype[Symbol.hasInstance];
  Object.defineProperty(Error, Symbol.hasInstance, {
    configurable: true,
    writable: true,
    value(value) {
      if (this === Error) globalThis[Symbol.for("${THROWN}")] = { value };
      return ordinary.call(this, value);
    },
  });
}`;

/** A running Deno kernel, spoken to as Jupyter does. */
export class KernelSession {
  readonly #process: KernelProcess;
  readonly #shell: Channel;
  readonly #control: Channel;
  readonly #iopub: Channel;
  /** Rejects when no cell can run any more. */
  readonly #failed: Promise<never>;
  #fail!: (error: KernelError) => void;
  /** Who is told of the messages that answer a request, by its id; late ones come after its end. */
  readonly #listeners = new Map<string, (message: Message) => void>();
  #onIopub: () => void = () => {};
  #onShell: (message: Message) => void = () => {};
  #ended = false;

  private constructor(process: KernelProcess, shell: Channel, control: Channel, iopub: Channel) {
    this.#process = process;
    this.#shell = shell;
    this.#control = control;
    this.#iopub = iopub;
    const failed = Promise.withResolvers<never>();
    this.#failed = failed.promise;
    this.#fail = failed.reject;
    this.#failed.catch(() => {});
    void process.ended.then((ending) => this.#fail(deathOf(process, ending)));
    void this.#listen(iopub, (message) => {
      this.#onIopub();
      this.#listeners.get(message.parent_header.msg_id ?? "")?.(message);
    });
    void this.#listen(shell, (message) => this.#onShell(message));
  }

  /**
   * Starts a Deno kernel in a folder and waits until it answers.
   *
   * @param cwd Working directory of the kernel, that of the notebook
   * @throws {KernelError} If the kernel dies or does not answer, or this Deno is too old
   */
  static async start(cwd: string): Promise<KernelSession> {
    rejectOldDeno();
    for (let attempt = 1;; attempt++) {
      try {
        return await KernelSession.#startOnce(cwd);
      } catch (error) {
        // Another program may have taken one of the ports before the kernel could.
        if (attempt === START_ATTEMPTS || !(error instanceof KernelError)) throw error;
      }
    }
  }

  static async #startOnce(cwd: string): Promise<KernelSession> {
    const [shell, iopub, stdin, control, hb] = freePorts(5) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const key = crypto.randomUUID(), session = crypto.randomUUID();
    const process = await KernelProcess.start(cwd, {
      transport: "tcp",
      ip: "127.0.0.1",
      shell_port: shell,
      iopub_port: iopub,
      stdin_port: stdin,
      control_port: control,
      hb_port: hb,
      key,
      signature_scheme: "hmac-sha256",
      kernel_name: "deno",
    });
    const timeout = rejectAfter(
      START_TIMEOUT_MS,
      () => new KernelError(`The kernel has not answered for ${START_TIMEOUT_MS / 1000} s`),
    );
    let kernel: KernelSession | undefined;
    try {
      const died = process.ended.then((ending) => Promise.reject(deathOf(process, ending)));
      died.catch(() => {});
      const open = async (port: number, type: "DEALER" | "SUB") => {
        while (true) {
          try {
            return await Promise.race([Channel.open(port, type, { session, key }), died]);
          } catch (error) {
            if (!(error instanceof Deno.errors.ConnectionRefused)) throw kernelError(error);
          }
          await Promise.race([pause(CONNECT_EVERY_MS), died, timeout.promise]);
        }
      };
      const channels = [await open(shell, "DEALER"), await open(control, "DEALER")] as const;
      kernel = new KernelSession(process, ...channels, await open(iopub, "SUB"));
      await Promise.race([kernel.#handshake(), kernel.#failed, timeout.promise]);
      await Promise.race([kernel.#request(SET_UP, () => {}, false), timeout.promise]);
      return kernel;
    } catch (error) {
      if (kernel) await kernel.stop();
      else await process.kill();
      throw error;
    } finally {
      timeout.clear();
    }
  }

  /** Process number of the kernel. */
  get pid(): Promise<number> {
    return this.#process.pid;
  }

  /**
   * Runs code and waits for its end, and for all that it put out: messages are told until then, and, as
   * work may go on in the background, after it.
   *
   * @param onMessage Told each message on the way: streams, displays, results, errors
   * @throws {KernelError} If the kernel dies, or the code takes too long
   */
  async execute(
    code: string,
    onMessage: (message: Message) => void,
    { timeout }: ExecuteOptions = {},
  ): Promise<Reply> {
    const limit = timeout === undefined
      ? undefined
      : rejectAfter(1000 * timeout, () =>
        new KernelError(`The cell took longer than ${timeout} s, and was ended with its kernel`));
    try {
      const all = (async () => {
        const reply = await this.#request(code, onMessage, true);
        const thrown = await this.#settle(onMessage, reply.status !== "ok");
        return thrown === undefined ? reply : { ...reply, thrown };
      })();
      return await Promise.race(limit ? [all, limit.promise] : [all]);
    } finally {
      limit?.clear();
    }
  }

  /**
   * What the kernel's process and the library in it tell of the run; nothing where a cell keeps it from
   * answering.
   */
  async facts(): Promise<Record<string, unknown>> {
    const id = crypto.randomUUID();
    const told = Promise.withResolvers<Record<string, unknown>>();
    const timeout = rejectAfter(FACTS_TIMEOUT_MS, () => new KernelError("No facts"));
    try {
      const asked = this.#request(
        `Deno.jupyter.broadcast("update_display_data", {
          data: { "application/json": {
            ...${RUN_FACTS_CODE},
            ...Deno.build.os === "linux" &&
              { peakKiB: (await import("node:process")).default.resourceUsage().maxRSS },
          } },
          metadata: {},
          transient: { display_id: "${id}" },
        }); undefined`,
        ({ content }) => {
          const { data, transient } = content as {
            data?: Record<string, unknown>;
            transient?: { display_id?: string };
          };
          if (transient?.display_id !== id) return;
          told.resolve(data?.["application/json"] as Record<string, unknown> ?? {});
        },
        false,
      ).then(({ status }) => status === "ok" ? told.promise : {});
      return await Promise.race([asked, timeout.promise]);
    } catch {
      return {};
    } finally {
      timeout.clear();
    }
  }

  /** Asks the kernel to end, and kills it if it does not; nothing is left behind. */
  async stop(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#control.send("shutdown_request", { restart: false }).catch(() => {});
    const timer = setTimeout(() => void this.#process.kill(), SHUTDOWN_MS);
    await this.#process.ended;
    clearTimeout(timer);
    for (const channel of [this.#shell, this.#control, this.#iopub]) channel.close();
  }

  /** Kills the kernel at once. */
  async kill(): Promise<void> {
    await this.#process.kill();
    await this.stop();
  }

  async #request(
    code: string,
    onMessage: (message: Message) => void,
    isCell: boolean,
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
    await this.#shell.send("execute_request", {
      code,
      silent: false,
      store_history: isCell,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
    }, id);
    const [{ content }] = await Promise.race([
      Promise.all([reply.promise, idle.promise]),
      this.#failed,
    ]);
    const status = content["status"] as Reply["status"];
    return typeof content["ename"] === "string"
      ? { status, error: content as unknown as NonNullable<Reply["error"]> }
      : { status };
  }

  /**
   * Waits for what a cell put out, which the kernel may send after the cell's end and under the name of
   * whatever is asked next: so a mark is asked for, and what arrives before it is the cell's.
   *
   * @returns What the cell threw, as Deno shows it
   */
  async #settle(
    onMessage: (message: Message) => void,
    hasThrown: boolean,
  ): Promise<string | undefined> {
    const id = crypto.randomUUID();
    const mark = Promise.withResolvers<string | undefined>();
    const thrown = `globalThis[Symbol.for("${THROWN}")]`;
    const text = hasThrown ? `${thrown} && Deno.inspect(${thrown}.value)` : "undefined";
    const errors: Message[] = [];
    const reply = await this.#request(
      `Deno.jupyter.broadcast("update_display_data", {
        data: { "text/plain": ${text} }, metadata: {}, transient: { display_id: "${id}" },
      }); undefined`,
      (message) => {
        const { data, transient } = message.content as {
          data?: { "text/plain"?: string };
          transient?: { display_id?: string };
        };
        if (transient?.display_id === id) mark.resolve(data?.["text/plain"]);
        else if (message.header.msg_type === "error") errors.push(message);
        else onMessage(message);
      },
      false,
    );
    // A cell may have broken the kernel's own display: then there is no mark to wait for.
    if (reply.status !== "ok") return undefined;
    errors.forEach(onMessage);
    return await Promise.race([mark.promise, this.#failed]);
  }

  async #handshake(): Promise<void> {
    const answered = Promise.withResolvers<void>(), heard = Promise.withResolvers<void>();
    this.#onShell = () => answered.resolve();
    // Messages on iopub are lost until the subscription has arrived, so wait to hear one.
    this.#onIopub = () => heard.resolve();
    const ask = () => this.#shell.send("kernel_info_request", {}).catch(() => {});
    await ask();
    const asking = setInterval(ask, ASK_EVERY_MS);
    try {
      await Promise.race([Promise.all([answered.promise, heard.promise]), this.#failed]);
    } finally {
      clearInterval(asking);
    }
  }

  /** Passes messages on until the channel ends; whatever goes wrong ends the session. */
  async #listen(channel: Channel, onMessage: (message: Message) => void): Promise<void> {
    try {
      for await (const message of channel.messages()) onMessage(message);
      // A kernel that has died says more than a connection that has ended.
      await Promise.race([this.#process.ended, pause(SHUTDOWN_MS)]);
      this.#fail(new KernelError("The kernel closed its connection"));
    } catch (error) {
      this.#fail(kernelError(error));
    }
  }
}

function kernelError(error: unknown): KernelError {
  if (error instanceof KernelError) return error;
  return new KernelError(`Cannot speak to the kernel: ${(error as Error).message}`, {
    cause: error,
  });
}

function deathOf(kernel: KernelProcess, { code, signal }: Ending): KernelError {
  const said = kernel.lastWords;
  return new KernelError(
    `The kernel died (${signal ?? `exit code ${code}`})${said && `: ${said}`}`,
  );
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

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A promise that rejects after a while, unless it is cleared before. */
function rejectAfter(
  ms: number,
  reason: () => Error,
): { promise: Promise<never>; clear: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const timer = setTimeout(() => reject(reason()), ms);
  return { promise, clear: () => clearTimeout(timer) };
}

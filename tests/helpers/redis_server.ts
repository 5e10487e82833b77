/**
 * A real Redis or Valkey server for tests: on a port of its own, with a password, keeping an append-only file.
 *
 * @module
 */
import { connect } from "node:net";
import type { Redis } from "ioredis";
import { delimiter, join } from "@std/path";
import { connect as connectTo } from "../../lib/sweep/engine/connection.ts";

const NAMES = ["redis-server", "valkey-server"];
const PASSWORD = "secret";

/** The server's program, if one is installed. */
export const PROGRAM: string | undefined = (Deno.env.get("PATH") ?? "").split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });

if (!PROGRAM) {
  console.warn(
    "Neither redis-server nor valkey-server is installed: the tests of sweeps are skipped",
  );
}

/** A server that runs until it is disposed of. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  readonly #sync: string;
  #process: Deno.ChildProcess | undefined;

  private constructor(port: number, folder: string, sync: string) {
    this.#sync = sync;
    this.port = port;
    this.#folder = folder;
  }

  /**
   * Starts a server.
   *
   * @param sync When it has written what it was told: at once, or within a second, as it does by default
   */
  static async start(sync: "always" | "everysec" = "always"): Promise<RedisServer> {
    const server = new RedisServer(freePort(), await Deno.makeTempDir(), sync);
    await server.begin();
    return server;
  }

  /** What SWEEP_QUEUE is for it. */
  get address(): string {
    return this.addressWith(PASSWORD);
  }

  addressWith(password: string): string {
    return `redis://:${password}@127.0.0.1:${this.port}`;
  }

  async begin(): Promise<void> {
    const settings = {
      bind: "127.0.0.1",
      port: this.port,
      dir: this.#folder,
      save: "",
      appendonly: "yes",
      appendfsync: this.#sync,
      requirepass: PASSWORD,
    };
    this.#process = new Deno.Command(PROGRAM!, {
      args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
      stdout: "null",
      stderr: "null",
    }).spawn();
    while (!await this.#answers()) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** How many keys are like this. */
  count(pattern: string): Promise<number> {
    return this.#with(async (redis) => (await redis.keys(pattern)).length);
  }

  /** Forgets everything. */
  clear(): Promise<unknown> {
    return this.#with((redis) => redis.flushall());
  }

  async #with<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = await connectTo(this.address);
    try {
      return await work(redis);
    } finally {
      redis.disconnect();
    }
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    process?.kill("SIGKILL");
    await process?.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.#folder, { recursive: true });
  }

  /** Whether it has read its file and takes commands. */
  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, "127.0.0.1", () => {
        socket.write(`AUTH ${PASSWORD}\r\nPING\r\n`);
      });
      socket.setEncoding("utf8");
      socket.on("data", (text: string) => {
        if (!text.includes("PONG") && !text.includes("LOADING")) return;
        socket.destroy();
        resolve(text.includes("PONG"));
      });
      socket.on("error", () => resolve(false));
    });
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

/**
 * Workers of sweeps as processes of their own, each with a cache of its own.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { TextLineStream } from "../../lib/sweep/engine/lines.ts";

/** How a worker is started. */
export interface WorkerSettings {
  readonly address: string;
  /** Its cache; default: a folder of its own. */
  readonly cache?: string;
  /** Whether jobs only sleep (`sleeping_compute.ts`). */
  readonly sleeps?: boolean;
  readonly lock?: number;
  readonly grace?: number;
  readonly jobs?: number;
  readonly memory?: number;
  readonly env?: Record<string, string>;
}

/** A worker, and what it has said. */
export class SweepWorker implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly process: Deno.ChildProcess;
  readonly cache: string;
  readonly #own: boolean;
  readonly #heard: Promise<void>;
  #onLine: () => void = () => {};

  private constructor(process: Deno.ChildProcess, cache: string, own: boolean) {
    this.process = process;
    this.cache = cache;
    this.#own = own;
    this.#heard = this.#listen();
  }

  /** Starts a worker and waits until it takes jobs. */
  static async start(settings: WorkerSettings): Promise<SweepWorker> {
    const { address, sleeps = false, lock = 20, grace = 20, jobs = 1, memory, env = {} } = settings;
    const cache = settings.cache ?? await Deno.makeTempDir();
    const process = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "-P=worker",
        "--config",
        fileURLToPath(new URL("../../deno.json", import.meta.url)),
        fileURLToPath(new URL("sweep_worker_main.ts", import.meta.url)),
        JSON.stringify({
          sleeps,
          jobs,
          memoryGiB: memory,
          threads: 1,
          lockSeconds: lock,
          graceSeconds: grace,
        }),
      ],
      env: { SWEEP_QUEUE: address, ARTICLE_CACHE: cache, NO_COLOR: "1", COMPUTE: "simd", ...env },
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const worker = new SweepWorker(process, cache, settings.cache === undefined);
    await worker.says(/^Taking jobs/);
    return worker;
  }

  /** Waits until it says, or has said, a line like this. */
  async says(pattern: RegExp): Promise<string> {
    while (true) {
      const line = this.lines.find((each) => pattern.test(each));
      if (line !== undefined) return line;
      await new Promise<void>((resolve) => this.#onLine = resolve);
      if (this.lines.at(-1) === END) throw new Error(`It ended:\n${this.lines.join("\n")}`);
    }
  }

  /** Tells it to end, and waits until it has. */
  async end(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    try {
      this.process.kill(signal);
    } catch {
      // It has ended already.
    }
    await this.process.status;
    await this.#heard;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGKILL");
    if (this.#own) await Deno.remove(this.cache, { recursive: true });
  }

  async #listen(): Promise<void> {
    const lines = this.process.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream());
    for await (const line of lines) this.#add(line);
    this.#add(END);
  }

  #add(line: string): void {
    this.lines.push(line);
    this.#onLine();
  }
}

const END = "(end)";

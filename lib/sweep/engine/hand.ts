import { fileURLToPath } from "node:url";
import type { OnProgress, Progress } from "../../base/run_options.ts";
import type { Job } from "../job.ts";
import { TextLineStream } from "./lines.ts";
import { differences, type Needs } from "./queue_name.ts";

/** What a process that computes says. */
export type FromProcess =
  | { readonly needs: Needs }
  | { readonly progress: Progress }
  | { readonly done: string }
  | { readonly failed: string; readonly mayPass: boolean };

/** A job failed as it will fail again. */
export class FinalFailure extends Error {}

/** The project's configuration, by which the process finds its packages. */
const CONFIG = fileURLToPath(new URL("../../../deno.json", import.meta.url));

/** A process that computes, one job at a time. */
export class Hand {
  readonly #process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  /** What its results depend on. */
  readonly needs: Needs;

  private constructor(
    process: Deno.ChildProcess,
    lines: ReadableStreamDefaultReader<string>,
    needs: Needs,
  ) {
    this.#process = process;
    this.#lines = lines;
    this.#stdin = process.stdin.getWriter();
    this.needs = needs;
  }

  /**
   * Starts a process.
   *
   * @param script What it runs
   * @param threads Threads that its kernels run on
   * @param like What it must have, if that is known
   * @throws {Error} If it ends before it says what it has, or has something else
   */
  static async start(script: URL, threads: number, like?: Needs): Promise<Hand> {
    const process = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        `--config=${CONFIG}`,
        "-P=worker",
        fileURLToPath(script),
      ],
      env: {
        COMPUTE_THREADS: String(threads),
        // Whether a BLAS is faster is measured at each start, and may come out otherwise.
        ...(like?.blas === "none" ? { COMPUTE_BLAS: "off" } : {}),
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const lines = process.stdout.pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream()).getReader();
    const { value } = await lines.read();
    if (value === undefined) {
      const { code, signal } = await process.status;
      throw new Error(`The process that computes ended (${signal ?? `code ${code}`}) at its start`);
    }
    const { needs } = JSON.parse(value) as { needs: Needs };
    const hand = new Hand(process, lines, needs);
    const otherwise = like ? differences(like, needs) : "";
    if (otherwise === "") return hand;
    await hand.end();
    throw new Error(`A process that computes has ${otherwise}, as the first one had`);
  }

  /**
   * Does a job.
   *
   * @throws {FinalFailure} If it fails as it will fail again
   * @throws {Error} If it fails for a reason that may pass, or the process ends
   */
  async perform(job: Job, onProgress: OnProgress): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode(JSON.stringify(job) + "\n"));
    while (true) {
      const { value } = await this.#lines.read();
      if (value === undefined) {
        const { code, signal } = await this.#process.status;
        throw new Error(
          `The process that computes ended (${signal ?? `code ${code}`}): is there memory enough?`,
        );
      }
      const said = JSON.parse(value) as FromProcess;
      if ("progress" in said) onProgress(said.progress);
      if ("failed" in said) {
        throw said.mayPass ? new Error(said.failed) : new FinalFailure(said.failed);
      }
      if ("done" in said) return;
    }
  }

  /** Ends the process at once. */
  async end(): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await this.#stdin.abort().catch(() => {});
    await this.#lines.cancel().catch(() => {});
    await this.#process.status;
  }
}

import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { join } from "@std/path";
import { CONNECTION_VARIABLE } from "../../notebook/connection_file.ts";
import { FRAMES_VARIABLE } from "../../notebook/frame_type.ts";

/** How much of what the kernel's process writes to its standard error is kept, in characters. */
const STDERR_KEPT = 4000;
/** Lines of it that a message shows. */
const STDERR_SHOWN = 3;
/** How long its last lines are waited for after its end, in milliseconds. */
const LAST_WORDS_MS = 300;
/** Folders of kernels begin with this, in the temporary folder. */
const PREFIX = "deep-features-kernel-";
const CONNECTION_FILE = "connection.json", LOCK_FILE = "lock";
/** A folder younger than this may not have been locked yet, in milliseconds. */
const MAKING_MS = 2000;
/** A folder without a lock that is older than this was left behind, in milliseconds. */
const STALE_MS = 60_000;

/** How a process ended. */
export interface Ending {
  readonly code: number;
  readonly signal: string | null;
}

/** A Deno kernel as a process: it ends when it is told to, or when this process does (see `guard.ts`). */
export class KernelProcess {
  readonly #guard: Deno.ChildProcess;
  readonly #pid = Promise.withResolvers<number>();
  readonly #saidAll: Promise<void>;
  #stderr = "";
  /** How the kernel ended, once it has. */
  readonly ended: Promise<Ending>;

  private constructor(guard: Deno.ChildProcess) {
    this.#guard = guard;
    this.#pid.promise.catch(() => {});
    // Read all the time: a full pipe would stop the kernel.
    this.#saidAll = this.#keepStderr();
    this.ended = this.#follow();
  }

  /**
   * Starts a kernel.
   *
   * @param cwd Its working directory
   * @param connection The content of its connection file
   */
  static async start(cwd: string, connection: Record<string, unknown>): Promise<KernelProcess> {
    await removeLeftovers();
    // The guard makes it and removes it: whenever this process is killed, nothing is left behind.
    const folder = join(tmpdir(), PREFIX + crypto.randomUUID());
    const file = join(folder, CONNECTION_FILE);
    const guard = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        "--no-config",
        "--no-lock",
        `--allow-run=${Deno.execPath()}`,
        `--allow-write=${folder}`,
        fileURLToPath(new URL("guard.ts", import.meta.url)),
        folder,
        join(folder, LOCK_FILE),
        file,
        cwd,
      ],
      env: { [FRAMES_VARIABLE]: "1", [CONNECTION_VARIABLE]: file },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const started = new KernelProcess(guard);
    await started.#tell(connection);
    return started;
  }

  /** Process number of the kernel. */
  get pid(): Promise<number> {
    return this.#pid.promise;
  }

  /** The last lines that the process wrote to its standard error, as one. */
  get lastWords(): string {
    return stripVTControlCharacters(this.#stderr).trim().split("\n").slice(-STDERR_SHOWN).join(" ");
  }

  /** Ends the kernel at once, whatever it does. */
  async kill(): Promise<void> {
    await this.#guard.stdin.close().catch(() => {});
    await this.ended;
  }

  /** Writes a line to the guard, which stays open: when it closes, the guard ends the kernel. */
  async #tell(fact: Record<string, unknown>): Promise<void> {
    const writer = this.#guard.stdin.getWriter();
    try {
      await writer.write(new TextEncoder().encode(`${JSON.stringify(fact)}\n`));
    } catch {
      // The guard has ended, which `ended` tells.
    } finally {
      writer.releaseLock();
    }
  }

  /** Reads what the guard says until it ends. */
  async #follow(): Promise<Ending> {
    let ending: Ending | undefined, open = "";
    for await (const part of this.#guard.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (open + part).split("\n");
      open = lines.pop()!;
      for (const line of lines) {
        const said = JSON.parse(line) as { pid: number } | Ending;
        if ("pid" in said) this.#pid.resolve(said.pid);
        else ending = said;
      }
    }
    const { code, signal } = await this.#guard.status;
    this.#pid.reject(new Error("The kernel did not start"));
    // What was said last is on its way; but a program that a cell started may hold the pipe open.
    await Promise.race([
      this.#saidAll,
      new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS)),
    ]);
    return ending ?? { code, signal };
  }

  async #keepStderr(): Promise<void> {
    const text = this.#guard.stderr.pipeThrough(new TextDecoderStream());
    for await (const part of text) this.#stderr = (this.#stderr + part).slice(-STDERR_KEPT);
  }
}

/** Removes the folders of kernels whose report ended before it could. */
async function removeLeftovers(): Promise<void> {
  const temporary = tmpdir();
  try {
    for await (const { name, isDirectory } of Deno.readDir(temporary)) {
      if (!isDirectory || !name.startsWith(PREFIX)) continue;
      const folder = join(temporary, name);
      if (await isLeftover(folder)) await Deno.remove(folder, { recursive: true });
    }
  } catch {
    // Another user's folder, or another report that tidies up at the same time.
  }
}

/** Nobody holds its lock, and it is no folder that another report is making just now. */
async function isLeftover(folder: string): Promise<boolean> {
  const { mtime } = await Deno.stat(folder);
  const age = Date.now() - (mtime?.getTime() ?? Date.now());
  if (age < MAKING_MS) return false;
  try {
    using lock = await Deno.open(join(folder, LOCK_FILE), { write: true });
    return await lock.tryLock(true);
  } catch (error) {
    return error instanceof Deno.errors.NotFound && age > STALE_MS;
  }
}

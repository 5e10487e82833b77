import { join } from "@std/path";

/** How often a held lock is tried, and when it is said that it is. */
const TRY_EVERY_MS = 100;
const SAY_AFTER_MS = 2000;

const DATA_REMEDY = "The option dataFolder names another folder";

/** The file in a folder that is locked. */
export const LOCK_FILE = ".lock";

/** What {@linkcode withLock} is told. */
export interface LockOptions {
  readonly warn: (message: string) => void;
  readonly signal: AbortSignal | undefined;
  /** What to do where nothing can be written, as a sentence; default: what holds of data sets. */
  readonly remedy?: string;
}

/**
 * Does work that one process at a time may do in a folder; the others wait, and say for whom.
 *
 * @throws {Error} If nothing can be written in the folder
 * @throws {DOMException} If the signal aborts while another process holds the lock
 */
export async function withLock<T>(
  folder: string,
  { warn, signal, remedy = DATA_REMEDY }: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  using file = await open(folder, remedy);
  const begin = performance.now();
  for (let isSaid = false; !(await file.tryLock(true));) {
    signal?.throwIfAborted();
    if (!isSaid && performance.now() - begin > SAY_AFTER_MS) {
      isSaid = true;
      const holder = await Deno.readTextFile(join(folder, LOCK_FILE)).catch(() => "");
      warn(
        `Another process${
          holder && ` (${holder.trim()})`
        } is at work in ${folder}: waiting for it to ` +
          "end. If it is stopped, let it go on or end it",
      );
    }
    await new Promise((resolve) => setTimeout(resolve, TRY_EVERY_MS));
  }
  await file.truncate();
  await file.write(
    new TextEncoder().encode(`process ${Deno.pid} since ${new Date().toISOString()}`),
  );
  try {
    return await work();
  } finally {
    await file.truncate();
  }
}

async function open(folder: string, remedy: string): Promise<Deno.FsFile> {
  try {
    await Deno.mkdir(folder, { recursive: true });
    return await Deno.open(join(folder, LOCK_FILE), { create: true, write: true });
  } catch (cause) {
    throw new Error(
      `Cannot write in ${folder}, where data are kept: ${(cause as Error).message}. ` +
        remedy,
      { cause },
    );
  }
}

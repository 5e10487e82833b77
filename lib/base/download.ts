import { dirname } from "@std/path";
import { digestOfFile } from "./digest.ts";
import { fullDisk } from "./full_disk.ts";
import type { OnProgress } from "./run_options.ts";

/** What {@linkcode download} can be told. */
export interface DownloadOptions {
  /** MD5 digest that the file must have, in hexadecimal; without a digest, whatever comes whole is taken. */
  readonly md5?: string | undefined;
  /** SHA-256 digest that it must have, in place of the other. */
  readonly sha256?: string | undefined;
  /** Headers of every request, such as a token. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /**
   * Its length in bytes, or the most that it can have: the progress's total where the server gives none, and
   * a bound on what is taken.
   */
  readonly bytes: number;
  /** Told how many bytes have come. */
  readonly onProgress?: OnProgress | undefined;
  /** How often to try before giving up; default 5. */
  readonly attempts?: number;
  /** Longest time without a byte, and for connecting, in milliseconds; default 10,000. */
  readonly stallMs?: number;
  /** A minute in which less than 60 kB came counts as a stall; this is that minute, in milliseconds. */
  readonly slowMs?: number;
  /** Pause before the second attempt, doubled before each further one; default 500. */
  readonly backOffMs?: number;
  /** Stops the download; what has come is kept for the next time. */
  readonly signal?: AbortSignal | undefined;
}

/** Least bytes a second: below it for `slowMs`, a connection counts as stalled. */
const LEAST_RATE = 1000;
/** A server may send so many times the expected bytes before it is cut off; the digest settles the rest. */
const MOST_TIMES = 2;

/** What digests are called. */
const NAMES = { md5: "MD5", sha256: "SHA-256" } as const;

/** A failure that another attempt would not mend. */
class FinalError extends Error {}

/**
 * Downloads a file to `path` by way of `path + ".part"`: resumes where an earlier attempt (or run) broke
 * off, tries again with growing pauses, gives up a connection that stalls or drips and one that sends far
 * more than the file, checks the digest, and puts the file in place by renaming it.
 *
 * @throws {Error} If the server cannot be reached, refuses, or keeps failing, saying what happened last
 */
export async function download(url: string, path: string, options: DownloadOptions): Promise<void> {
  const { md5, sha256, attempts = 5, backOffMs = 500, signal } = options;
  const [algorithm, expected] = sha256 === undefined
    ? ["md5", md5] as const
    : ["sha256", sha256] as const;
  const part = `${path}.part`;
  let failure: unknown;
  for (let attempt = 0; attempt < attempts; attempt++) {
    signal?.throwIfAborted();
    if (attempt > 0) await pause(backOffMs * 2 ** (attempt - 1), signal);
    try {
      const isResumed = await receive(url, part, options);
      const digest = expected === undefined ? undefined : await digestOfFile(part, algorithm);
      if (digest !== expected) {
        await Deno.remove(part);
        // Only two halves of two files deserve another attempt.
        const Kind = isResumed ? Error : FinalError;
        throw new Kind(
          `the file there is another one: it has ${
            NAMES[algorithm]
          } ${digest}, expected ${expected}`,
        );
      }
      await Deno.rename(part, path);
      return;
    } catch (error) {
      signal?.throwIfAborted();
      failure = error;
      if (error instanceof FinalError) break;
    }
  }
  throw new Error(`Cannot download ${url}: ${(failure as Error).message}`, { cause: failure });
}

/** One attempt: receives what `part` lacks. Resolves to whether it went on with what was there. */
async function receive(url: string, part: string, options: DownloadOptions): Promise<boolean> {
  const { bytes, onProgress, stallMs = 10_000, slowMs = 60_000, signal } = options;
  const have = await sizeOf(part);
  const etag = await Deno.readTextFile(`${part}.etag`).catch(() => "");
  const stall = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const rearm = () => {
    clearTimeout(timer);
    timer = setTimeout(
      () => stall.abort(new Error(`the connection stalled for ${stallMs / 1000} s`)),
      stallMs,
    );
  };
  const stop = signal ? AbortSignal.any([signal, stall.signal]) : stall.signal;
  rearm();
  let received = 0, before = 0;
  const least = LEAST_RATE * slowMs / 1000;
  const watch = setInterval(() => {
    if (received - before < least) {
      stall.abort(new Error(`less than ${least} bytes came in ${slowMs / 1000} s`));
    }
    before = received;
  }, slowMs);
  try {
    // Asked for no encoding, fetch hands the archive over as it is, even if a server calls its own
    // compression an encoding.
    const headers: Record<string, string> = {
      ...options.headers,
      "accept-encoding": "identity",
    };
    if (have > 0 && etag !== "") {
      headers.range = `bytes=${have}-`;
      headers["if-range"] = etag;
    }
    const response = await fetch(url, { signal: stop, headers }).catch((error) => {
      throw new FinalError(
        stall.signal.aborted ? `no answer within ${stallMs / 1000} s` : innermost(error),
      );
    });
    const resumed = response.status === 206;
    if (response.status !== 200 && !resumed) {
      await response.body?.cancel();
      const message = `the server answered ${response.status} ${response.statusText}`.trim();
      if (response.status === 416) await Deno.remove(part);
      throw response.status >= 500 || response.status === 416 ||
          response.status === 429
        ? new Error(message)
        : new FinalError(message);
    }
    await Deno.writeTextFile(`${part}.etag`, response.headers.get("etag") ?? "");
    const begin = resumed ? have : 0;
    const promised = begin + Number(response.headers.get("content-length") ?? NaN);
    using file = await Deno.open(part, { write: true, create: true, truncate: !resumed });
    await file.seek(0, Deno.SeekMode.End);
    received = before = begin;
    for await (const chunk of response.body!) {
      rearm();
      received += chunk.length;
      if (received > bytes * MOST_TIMES || promised > bytes * MOST_TIMES) {
        await Deno.remove(part);
        await Deno.remove(`${part}.etag`);
        const size = promised ? `${promised} bytes` : `more than ${received - chunk.length} bytes`;
        throw new FinalError(`the file there is another one: ${size}, expected ${bytes}`);
      }
      for (let written = 0; written < chunk.length;) {
        written += await file.write(chunk.subarray(written));
      }
      onProgress?.({ done: received, total: promised || Math.max(bytes, received) });
    }
    if (received < promised) {
      throw new Error(`the connection broke off at ${received} of ${promised} bytes`);
    }
    await file.sync();
    await Deno.remove(`${part}.etag`);
    return resumed;
  } catch (error) {
    const full = fullDisk(error, dirname(part), bytes);
    if (full) throw new FinalError(full.message, { cause: error });
    if (stall.signal.aborted && !(error instanceof FinalError)) {
      throw new Error(stall.signal.reason.message, { cause: error });
    }
    throw error;
  } finally {
    clearTimeout(timer);
    clearInterval(watch);
  }
}

/** The message at the bottom: "Connection refused" in place of "fetch failed". */
function innermost(error: Error): string {
  return error.cause instanceof Error ? innermost(error.cause) : error.message;
}

async function sizeOf(path: string): Promise<number> {
  return await Deno.stat(path).then((info) => info.size, () => 0);
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    }, { once: true });
  });
}

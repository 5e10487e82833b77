import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { OnProgress } from "../../base/run_options.ts";

/** What {@linkcode download} can be told. */
export interface DownloadOptions {
  /** MD5 digest that the file must have, in hexadecimal. */
  readonly md5: string;
  /** Told how many bytes have come. */
  readonly onProgress?: OnProgress;
  /** How often to try before giving up; default 5. */
  readonly attempts?: number;
  /** Longest time without a byte, and for connecting, in milliseconds; default 10,000. */
  readonly stallMs?: number;
  /** Pause before the second attempt, doubled before each further one; default 500. */
  readonly backOffMs?: number;
  /** Stops the download; what has come is kept for the next time. */
  readonly signal?: AbortSignal;
}

/** A failure that another attempt would not mend. */
class FinalError extends Error {}

/**
 * Downloads a file to `path` by way of `path + ".part"`: resumes where an earlier attempt (or run) broke
 * off, tries again with growing pauses, gives up a stalled connection, checks the digest, and puts the
 * file in place by renaming it.
 *
 * @throws {Error} If the server cannot be reached, refuses, or keeps failing, saying what happened last
 */
export async function download(
  url: string,
  path: string,
  options: DownloadOptions,
): Promise<void> {
  const { md5, attempts = 5, backOffMs = 500, signal } = options;
  const part = `${path}.part`;
  let failure: unknown;
  for (let attempt = 0; attempt < attempts; attempt++) {
    signal?.throwIfAborted();
    if (attempt > 0) await pause(backOffMs * 2 ** (attempt - 1), signal);
    try {
      await receive(url, part, options);
      const digest = await md5OfFile(part);
      if (digest !== md5) {
        await Deno.remove(part);
        throw new Error(`the file has MD5 ${digest}, expected ${md5}`);
      }
      await Deno.rename(part, path);
      return;
    } catch (error) {
      signal?.throwIfAborted();
      failure = error;
      if (error instanceof FinalError) break;
    }
  }
  throw new Error(`Cannot download ${url}: ${(failure as Error).message}`, {
    cause: failure,
  });
}

/** MD5 digest of a file, in hexadecimal. */
export async function md5OfFile(path: string): Promise<string> {
  const hash = createHash("md5");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** One attempt: receives what `part` lacks. */
async function receive(
  url: string,
  part: string,
  options: DownloadOptions,
): Promise<void> {
  const { onProgress, stallMs = 10_000, signal } = options;
  const have = await sizeOf(part);
  const etag = await Deno.readTextFile(`${part}.etag`).catch(() => "");
  const stall = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const rearm = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stall.abort(), stallMs);
  };
  const stop = signal ? AbortSignal.any([signal, stall.signal]) : stall.signal;
  rearm();
  try {
    const headers = have > 0 && etag !== ""
      ? { range: `bytes=${have}-`, "if-range": etag }
      : undefined;
    const response = await fetch(url, {
      signal: stop,
      ...(headers ? { headers } : {}),
    }).catch(
      (error) => {
        throw new FinalError(
          stall.signal.aborted ? `no answer within ${stallMs / 1000} s` : error.message,
        );
      },
    );
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
    await Deno.writeTextFile(
      `${part}.etag`,
      response.headers.get("etag") ?? "",
    );
    const begin = resumed ? have : 0;
    const total = begin + Number(response.headers.get("content-length") ?? NaN);
    using file = await Deno.open(part, {
      write: true,
      create: true,
      truncate: !resumed,
    });
    await file.seek(0, Deno.SeekMode.End);
    let received = begin;
    for await (const chunk of response.body!) {
      rearm();
      for (let written = 0; written < chunk.length;) {
        written += await file.write(chunk.subarray(written));
      }
      received += chunk.length;
      onProgress?.({ done: received, total: total || received });
    }
    if (received < total) {
      throw new Error(
        `the connection broke off at ${received} of ${total} bytes`,
      );
    }
    await Deno.remove(`${part}.etag`);
  } catch (error) {
    if (stall.signal.aborted && !(error instanceof FinalError)) {
      throw new Error(`the connection stalled for ${stallMs / 1000} s`, {
        cause: error,
      });
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
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

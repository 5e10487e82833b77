/**
 * Files that cannot be half read or changed unseen: a line of JSON says what the file is and the digest of the
 * rest, a second one holds what JSON can hold, and the bytes of arrays follow.
 *
 * @module
 */
import { digest } from "./digest.ts";
import { writeWhole } from "./write_whole.ts";

/** The first line is shorter. */
const MARK_BYTES = 300;

const NEWLINE = "\n".charCodeAt(0);

/** Writes such a file, whole or not at all; `mark` says what it is. */
export async function writeSealed(
  path: string,
  mark: Readonly<Record<string, string>>,
  json: string,
  parts: readonly Uint8Array<ArrayBuffer>[],
): Promise<void> {
  const line = new TextEncoder().encode(json + "\n");
  const first = JSON.stringify({ ...mark, sha256: digest(line, ...parts) }) + "\n";
  await writeWhole(path, await new Blob([first, line, ...parts]).bytes());
}

/** The first line of a file's bytes, or of its first ones; `undefined` if it is no JSON. */
export function readMark(bytes: Uint8Array): unknown {
  const end = bytes.subarray(0, MARK_BYTES).indexOf(NEWLINE);
  try {
    return JSON.parse(new TextDecoder().decode(bytes.subarray(0, Math.max(0, end))));
  } catch {
    return undefined;
  }
}

/** What follows the first line; `undefined` if its digest is not the one that the file was written with. */
export function unseal(
  bytes: Uint8Array<ArrayBuffer>,
  sha256: unknown,
): { json: string; data: Uint8Array<ArrayBuffer> } | undefined {
  const content = bytes.subarray(bytes.indexOf(NEWLINE) + 1);
  if (digest(content) !== sha256) return undefined;
  const stop = content.indexOf(NEWLINE);
  return {
    json: new TextDecoder().decode(content.subarray(0, Math.max(0, stop))),
    data: content.slice(stop + 1),
  };
}

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { bytesOf } from "./bytes_of.ts";

/** A file below this is read at once: a stream takes longer to begin. */
const SMALL_BYTES = 2 ** 20;

/** SHA-256 of texts, in UTF-8, and of the bytes of arrays, in hexadecimal digits. */
export function digest(...parts: readonly (string | ArrayBufferView)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(typeof part === "string" ? part : bytesOf(part));
  return hash.digest("hex");
}

/** Digest of a file, in hexadecimal digits. */
export async function digestOfFile(
  path: string,
  algorithm: "md5" | "sha256" = "sha256",
): Promise<string> {
  const hash = createHash(algorithm), { size } = await Deno.stat(path);
  if (size < SMALL_BYTES) hash.update(await Deno.readFile(path));
  else await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

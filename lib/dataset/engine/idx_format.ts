import { gunzipSync } from "node:zlib";

/** Largest file that is unpacked: MNIST's images take 47 MB, EMNIST's 548 MB. */
const MAX_BYTES = 2 ** 30;

const TYPES: Record<number, string> = {
  0x08: "unsigned bytes",
  0x09: "signed bytes",
  0x0b: "16-bit integers",
  0x0c: "32-bit integers",
  0x0d: "32-bit floats",
  0x0e: "64-bit floats",
};

/**
 * Reads unsigned bytes in the IDX format of MNIST (http://yann.lecun.com/exdb/mnist/): two zeros, the type,
 * the number of dimensions, each dimension as a big-endian 32-bit number, the values. It may be gzipped.
 *
 * @param place What errors call it
 * @throws {RangeError} If it is no such file, holds another type, or is cut off
 */
export function parseIdx(file: Uint8Array, place: string): { data: Uint8Array; shape: number[] } {
  const bytes = file[0] === 0x1f && file[1] === 0x8b ? unzip(file, place) : file;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = TYPES[bytes[2] ?? 0], dimensions = bytes[3] ?? 0;
  if (bytes[0] !== 0 || bytes[1] !== 0 || !type || dimensions < 1) {
    throw new RangeError(`${place} is not in the IDX format`);
  }
  if (bytes[2] !== 0x08) throw new RangeError(`${place} holds ${type}: unsigned bytes are read`);
  const begin = 4 + 4 * dimensions;
  if (bytes.length < begin) throw new RangeError(`${place} is damaged: its header is cut off`);
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const expected = shape.reduce((a, b) => a * b);
  if (bytes.length - begin !== expected) {
    throw new RangeError(
      `${place} is damaged: it holds ${bytes.length - begin} values, not ${shape.join(" × ")}`,
    );
  }
  return { data: bytes.subarray(begin), shape };
}

function unzip(file: Uint8Array, place: string): Uint8Array {
  try {
    return new Uint8Array(gunzipSync(file, { maxOutputLength: MAX_BYTES }));
  } catch (cause) {
    throw new RangeError(`${place} is damaged: ${(cause as Error).message}`, { cause });
  }
}

import { describe } from "../base/check.ts";
import { Matrix } from "../base/matrix.ts";
import { writeWhole } from "../base/write_whole.ts";
import { encodeNpy, type NpyArray, type NpyData, parseNpy } from "./engine/npy_format.ts";

export type { NpyArray, NpyData } from "./engine/npy_format.ts";

/**
 * Reads an array that `numpy.save` has written. Numbers of all sizes and booleans are read; 64-bit integers
 * become a `BigInt64Array`, half floats a `Float32Array`. Pickled objects are never loaded.
 *
 * @param source Path of a `.npy` file, a `file:` URL, or its bytes
 * @returns The values, row by row, with their shape
 * @throws {Deno.errors.NotFound} If there is no such file
 * @throws {RangeError} If it is no `.npy` file, is cut off, or holds another type, naming it
 * @throws {TypeError} If `source` is of another kind
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { Matrix } from "deep-features";
 * import { loadNpy, saveNpy } from "deep-features/dataset";
 *
 * const file = await Deno.makeTempFile({ suffix: ".npy" });
 * await saveNpy(file, Matrix.fromRows([[1, 2, 3], [4, 5, 6]])); // numpy.load(file)
 * const { data, shape } = await loadNpy(file);
 * const X = new Matrix(Float32Array.from(data, Number), shape[0]!, shape[1]!);
 * assert(X.rows === 2 && X.row(1).join() === "4,5,6");
 * await Deno.remove(file);
 * ```
 */
export async function loadNpy(source: string | URL | Uint8Array): Promise<NpyArray> {
  if (source instanceof Uint8Array) return parseNpy(source, "The array");
  if (typeof source !== "string" && !(source instanceof URL)) {
    throw new TypeError(
      `loadNpy: source must be a path, a file: URL or a Uint8Array, got ${describe(source)}`,
    );
  }
  return parseNpy(await Deno.readFile(source), String(source));
}

/**
 * Writes a matrix, or a typed array with its shape, for `numpy.load`: the file is there whole, or as it was.
 *
 * @throws {TypeError} If `array` is neither, or `path` is a folder
 * @throws {RangeError} If the shape does not fit the number of values
 * @throws {Error} If the file cannot be written, with its path
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { loadNpy, saveNpy } from "deep-features/dataset";
 *
 * const file = await Deno.makeTempFile({ suffix: ".npy" });
 * await saveNpy(file, { data: Uint8Array.of(3, 1, 2), shape: [3] });
 * assert((await loadNpy(file)).data.join() === "3,1,2");
 * await Deno.remove(file);
 * ```
 */
export async function saveNpy(path: string, array: Matrix | NpyArray): Promise<void> {
  const { data, shape } = array instanceof Matrix
    ? { data: array.data, shape: [array.rows, array.cols] }
    : Object(array) as Partial<NpyArray>;
  if (!isData(data) || !Array.isArray(shape)) {
    throw new TypeError(
      `saveNpy: array must be a Matrix or { data, shape } with a typed array, got ${
        describe(array)
      }`,
    );
  }
  const count = shape.reduce((a: number, b: number) => a * b, 1);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0) || count !== data.length) {
    throw new RangeError(`saveNpy: ${data.length} values do not make shape [${shape.join(", ")}]`);
  }
  await writeWhole(path, encodeNpy({ data, shape }));
}

function isData(data: unknown): data is NpyData {
  return ArrayBuffer.isView(data) && !(data instanceof DataView) &&
    !["Uint8ClampedArray", "Float16Array"].includes(data.constructor.name);
}

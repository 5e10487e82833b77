/** Typed arrays that NumPy's own format knows. */
export type NpyData =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** An array with its shape: row-major. */
export interface NpyArray {
  readonly data: NpyData;
  readonly shape: readonly number[];
}

const MARK = [0x93, ...new TextEncoder().encode("NUMPY")];
/** Of the header, as `numpy.save` does it. */
const ALIGNMENT = 64;

type Constructor = new (buffer: ArrayBuffer) => NpyData;
/** NumPy's kind and size, and what they become; a boolean is a byte. */
const TYPES: Record<string, Constructor> = {
  b1: Uint8Array,
  u1: Uint8Array,
  i1: Int8Array,
  u2: Uint16Array,
  i2: Int16Array,
  u4: Uint32Array,
  i4: Int32Array,
  u8: BigUint64Array,
  i8: BigInt64Array,
  f4: Float32Array,
  f8: Float64Array,
};

/**
 * Reads NumPy's `.npy` format, versions 1 to 3 (NEP 1): numbers and booleans of either byte order, in rows or
 * in columns (Fortran's order, which is turned). Half floats become floats.
 *
 * @param place What errors call it
 * @throws {RangeError} If it is no such file, is cut off, or holds another type, naming it
 */
export function parseNpy(bytes: Uint8Array, place: string): NpyArray {
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    throw new RangeError(`${place} is an archive (.npz): unzip it, and read the .npy files in it`);
  }
  if (MARK.some((value, i) => bytes[i] !== value)) throw new RangeError(`${place} is no .npy file`);
  const version = bytes[6]!, view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (version < 1 || version > 3) {
    throw new RangeError(`${place} has version ${version}: 1, 2 and 3 are read`);
  }
  const begin = version === 1 ? 10 : 12;
  if (bytes.length < begin) throw new RangeError(`${place} is cut off in its header`);
  const end = begin + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (bytes.length < end) throw new RangeError(`${place} is cut off in its header`);
  const header = new TextDecoder().decode(bytes.subarray(begin, end));
  const descr = /'descr':\s*('([^']*)'|\[[^]*?\](?=\s*,\s*')|[^,]*)/.exec(header);
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const sizes = /'shape':\s*\(([\d\s,L]*)\)/.exec(header)?.[1];
  if (!descr || order === undefined || sizes === undefined) {
    throw new RangeError(`${place} is damaged: its header is ${JSON.stringify(header.trim())}`);
  }
  const type = descr[2] ?? descr[1]!;
  const shape = sizes.split(",").map((size) => size.trim()).filter(Boolean).map((size) =>
    parseInt(size)
  );
  const values = readValues(bytes, end, shape.reduce((a, b) => a * b, 1), type, place);
  return { data: order === "True" ? toRows(values, shape) : values, shape };
}

/** Writes an array as `numpy.save` does, in version 1. */
export function encodeNpy({ data, shape }: NpyArray): Uint8Array {
  const [name] = Object.entries(TYPES).findLast(([, Type]) => data instanceof Type)!;
  const order = data.BYTES_PER_ELEMENT === 1 ? "|" : "<";
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${order}${name}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const begin = MARK.length + 4;
  const length = Math.ceil((begin + text.length + 1) / ALIGNMENT) * ALIGNMENT - begin;
  const header = new TextEncoder().encode(text.padEnd(length - 1) + "\n");
  const bytes = new Uint8Array(begin + length + data.byteLength);
  bytes.set([...MARK, 1, 0, length & 255, length >> 8]);
  bytes.set(header, begin);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), begin + length);
  return bytes;
}

function readValues(
  bytes: Uint8Array,
  begin: number,
  count: number,
  type: string,
  place: string,
): NpyData {
  const kind = type.replace(/^[<>|=]/, ""), isHalf = kind === "f2";
  const Type = TYPES[kind];
  if (!isHalf && (!Object.hasOwn(TYPES, kind) || !Type)) {
    const what = kind.startsWith("O")
      ? "Python objects, which are not loaded"
      : `values of type ${type}`;
    throw new RangeError(`${place} holds ${what}: numbers and booleans are read`);
  }
  const width = Number(kind.slice(1)), have = bytes.length - begin;
  if (have !== count * width) {
    throw new RangeError(
      `${place} is damaged: it holds ${have} bytes of values, not ${count * width}`,
    );
  }
  const values = bytes.slice(begin);
  if (type.startsWith(">")) {
    for (let at = 0; at < values.length; at += width) values.subarray(at, at + width).reverse();
  }
  if (!isHalf) return new Type!(values.buffer as ArrayBuffer);
  const view = new DataView(values.buffer);
  return Float32Array.from({ length: count }, (_, i) => view.getFloat16(2 * i, true));
}

/** From Fortran's order, in which the first place runs fastest, to rows. */
function toRows(values: NpyData, shape: readonly number[]): NpyData {
  const rows = values.slice() as NpyData;
  const place = shape.map(() => 0),
    steps = shape.map((_, d) => shape.slice(0, d).reduce((a, b) => a * b, 1));
  for (let to = 0; to < values.length; to++) {
    rows[to] = values[place.reduce((at, p, d) => at + p * steps[d]!, 0)]!;
    for (let d = shape.length - 1; d >= 0 && ++place[d]! === shape[d]; d--) place[d] = 0;
  }
  return rows;
}

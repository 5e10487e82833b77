/**
 * How fitted estimators are kept in files (see `sealed_file.ts`): the options, the facts and the arrays' shapes
 * as JSON, then the arrays, little-endian, one after the other. Nothing is made of a file before its digest and
 * all sizes have been compared.
 *
 * @module
 */
import { bytesOf } from "./bytes_of.ts";
import { checkOptions, checkValue, describe, record, type Rule } from "./check.ts";
import { Matrix } from "./matrix.ts";
import { readMark, unseal, writeSealed } from "./sealed_file.ts";

/** Format of the file; to be raised when it changes. */
const FORMAT = "deep-features-classifier-1";

/** What begins a file of any version. */
const FORMAT_NAME = "deep-features-classifier-";

const ARRAYS = { int32: Int32Array, float32: Float32Array, float64: Float64Array } as const;

/** What an array is: numbers of a kind, or a {@linkcode Matrix}. */
export type SavedArray = keyof typeof ARRAYS | "matrix";

/** What a fitted estimator of a class consists of, by the names of its fields. */
export interface SavedForm<F> {
  /** The class with its article, as in `"an Svc"`. */
  readonly called: string;
  /** Fields that are arrays. */
  readonly arrays: Readonly<Record<string, SavedArray>>;
  /** Fields that JSON can hold. */
  readonly facts: Readonly<Record<string, Rule>>;
  /** Fields that may be missing. */
  readonly optional?: readonly string[];
  /** What is wrong with fields of the right kinds, in words, or thrown; nothing if all is well. */
  readonly fault: (fitted: F) => string | undefined;
}

/** Every class of estimator knows its classes. */
interface Fitted {
  readonly classes: Int32Array;
}

interface Rest {
  readonly options: Record<string, unknown>;
  readonly facts: Record<string, unknown>;
  readonly arrays: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

/**
 * Writes what an estimator has learned to a file, whole or not at all.
 *
 * @throws {TypeError} If `path` is no text, or a folder
 * @throws {Error} If the file cannot be written
 */
export async function saveEstimator<F extends Fitted>(
  path: string,
  form: SavedForm<F>,
  options: object,
  fitted: F,
): Promise<void> {
  checkPath(path, form.called);
  const fields = fitted as unknown as Record<string, unknown>;
  const arrays: { name: string; shape: number[] }[] = [], parts: Uint8Array<ArrayBuffer>[] = [];
  for (const name of Object.keys(form.arrays)) {
    const value = fields[name] as Matrix | Int32Array | undefined;
    if (value === undefined) continue;
    const isMatrix = value instanceof Matrix;
    arrays.push({ name, shape: isMatrix ? [value.rows, value.cols] : [value.length] });
    // A copy, as the rows may lie in shared memory.
    parts.push(Uint8Array.from(bytesOf(isMatrix ? value.data : value)));
  }
  const facts = Object.fromEntries(Object.keys(form.facts).map((name) => [name, fields[name]]));
  // JSON has no Infinity; no option has this text as a value.
  const kept = Object.entries(options).map((
    [name, value],
  ) => [name, value === Infinity ? "Infinity" : value]);
  const rest: Rest = { options: Object.fromEntries(kept), facts, arrays };
  const mark = { format: FORMAT, kind: kindOf(form.called) };
  await writeSealed(path, mark, JSON.stringify(rest), parts);
}

/**
 * Reads what {@linkcode saveEstimator} wrote.
 *
 * @returns The options, to be checked by the class's constructor, and what was learned
 * @throws {TypeError} If `path` is no text
 * @throws {Deno.errors.NotFound} If there is no such file
 * @throws {RangeError} If the file holds something else, another class, or is damaged
 */
export async function loadEstimator<F extends Fitted, T>(
  path: string,
  form: SavedForm<F>,
  create: (options: Record<string, unknown>, fitted: F) => T,
): Promise<T> {
  checkPath(path, form.called);
  const bytes = await Deno.readFile(path);
  const mark = markOf(bytes);
  const kind = kindOf(form.called);
  if (!mark) throw new RangeError(`${path} does not hold ${form.called}`);
  if (mark.format !== FORMAT) {
    throw new RangeError(
      `${path} does not hold ${form.called} of this version: its format is ${mark.format}, not ${FORMAT}`,
    );
  }
  if (mark.kind !== kind) {
    throw new RangeError(
      `${path} does not hold ${form.called}, but a fitted ${mark.kind}: load it by ${mark.kind}.load()`,
    );
  }
  const content = unseal(bytes, mark.sha256);
  if (!content) {
    throw new RangeError(`${path} is damaged: its digest is not the one that it was written with`);
  }
  try {
    const rest: Rest = JSON.parse(content.json);
    const fitted = readFields(form, rest, content.data.buffer);
    const fault = faultOfClasses(fitted.classes) ?? form.fault(fitted);
    if (fault !== undefined) throw new RangeError(fault);
    checkValue("options", rest.options, record());
    const options = Object.entries(rest.options)
      .map(([name, value]) => [name, value === "Infinity" ? Infinity : value]);
    return create(Object.fromEntries(options), fitted);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause;
    throw new RangeError(`${path} is damaged: ${reason}`, { cause });
  }
}

interface Mark {
  readonly format: string;
  readonly kind: string;
  readonly sha256: string;
}

/** The first line, if it is one of ours. */
function markOf(bytes: Uint8Array): Mark | undefined {
  const { format, kind, sha256 } = Object(readMark(bytes)) as Record<string, unknown>;
  if (typeof format !== "string" || typeof kind !== "string" || typeof sha256 !== "string") {
    return undefined;
  }
  return format.startsWith(FORMAT_NAME) ? { format, kind, sha256 } : undefined;
}

function kindOf(called: string): string {
  return called.slice(called.indexOf(" ") + 1);
}

function checkPath(path: unknown, called: string): void {
  if (typeof path === "string" && path !== "") return;
  throw new TypeError(`The file of ${called} must be a path, got ${describe(path)}`);
}

/** Holds facts to their rules and arrays to their sizes, and makes a fitted estimator's fields of them. */
function readFields<F>(form: SavedForm<F>, { facts, arrays }: Rest, data: ArrayBuffer): F {
  const { optional = [] } = form;
  checkOptions(kindOf(form.called), facts, form.facts);
  for (const [name, rule] of Object.entries(form.facts)) {
    if (facts[name] !== undefined || !optional.includes(name)) checkValue(name, facts[name], rule);
  }
  if (!Array.isArray(arrays)) throw new TypeError(`arrays must be a list, got ${describe(arrays)}`);
  const isSize = (size: unknown) => Number.isSafeInteger(size) && (size as number) >= 0;
  const fields: Record<string, unknown> = { ...facts };
  const plan = arrays.map(({ name, shape }) => {
    const kind = form.arrays[name];
    const dimensions = kind === "matrix" ? 2 : 1;
    if (!kind || name in fields) throw new RangeError(`it has an array ${describe(name)}`);
    if (!Array.isArray(shape) || shape.length !== dimensions || !shape.every(isSize)) {
      throw new RangeError(`the shape of ${name} is ${describe(shape)}`);
    }
    fields[name] = undefined;
    const numbers = ARRAYS[kind === "matrix" ? "float32" : kind];
    const length = shape.reduce((a, b) => a * b, 1);
    return { name, shape, numbers, length, bytes: length * numbers.BYTES_PER_ELEMENT };
  });
  for (const name of Object.keys(form.arrays)) {
    if (!(name in fields) && !optional.includes(name)) throw new RangeError(`${name} is missing`);
  }
  const expected = plan.reduce((sum, { bytes }) => sum + bytes, 0);
  if (data.byteLength !== expected) {
    throw new RangeError(`${data.byteLength} bytes of values, not ${expected}`);
  }
  let from = 0;
  for (const { name, shape, numbers, bytes } of plan) {
    const values = new numbers(data.slice(from, from + bytes));
    from += bytes;
    const odd = values.find((value) => !Number.isFinite(value));
    if (odd !== undefined) throw new RangeError(`${name} must be finite, but holds ${odd}`);
    fields[name] = shape.length === 2
      ? new Matrix(values as Float32Array, shape[0]!, shape[1]!)
      : values;
  }
  return fields as F;
}

function faultOfClasses(classes: Int32Array): string | undefined {
  const isRising = classes.every((label, i) => i === 0 || label > classes[i - 1]!);
  return classes.length < 2 || !isRising
    ? `classes must be two or more, rising, got ${classes}`
    : undefined;
}

import {
  checkOptions,
  checkValue,
  custom,
  finite,
  flag,
  listOf,
  oneOf,
  positive,
  type Rules,
  whole,
} from "../base/check.ts";
import { writeWhole } from "../base/write_whole.ts";
import { Matrix } from "../base/matrix.ts";
import type { FittedSvc } from "./fitted_svc.ts";
import { Svc } from "./svc.ts";
import type { SvcOptions } from "./svc_parameters.ts";

type Scaling = NonNullable<FittedSvc["scaling"]>;

/** Format of the file; to be raised when it changes. */
const FORMAT = "deep-features-svc-1";

/** What stands before the arrays. */
interface Header {
  readonly format: string;
  readonly options: SvcOptions;
  /** Whether `cacheMiB` was Infinity, which JSON cannot hold. */
  readonly isCacheUnlimited?: boolean;
  readonly scaling?: Scaling;
  readonly kernel: FittedSvc["kernel"];
  readonly classes: number[];
  readonly nSupport: number[];
  readonly intercept: number[];
  readonly vectors: number;
  readonly cols: number;
}

/**
 * Saves a fitted `Svc` to one file: a line of JSON, then the support vectors' row numbers (int32), the
 * support vectors and the dual coefficients (float32), little-endian. Written whole or not at all.
 *
 * @throws {TypeError} If the path is a folder
 * @throws {Error} If the estimator is not fitted, or the file cannot be written
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { loadSvc, Matrix, saveSvc, Svc } from "deep-features";
 *
 * const svc = await new Svc().fit(Matrix.fromRows([[0], [1]]), [0, 1]);
 * const path = await Deno.makeTempFile();
 * await saveSvc(svc, path);
 * const loaded = await loadSvc(path);
 * assert((await loaded.predict(Matrix.fromRows([[0.9]])))[0] === 1);
 * await Deno.remove(path);
 * ```
 */
export async function saveSvc(svc: Svc, path: string): Promise<void> {
  const { kernel, classes, support, supportVectors, nSupport, dualCoef, intercept, scaling } =
    svc.fitted;
  const { cacheMiB, ...options } = svc.options;
  const header: Header = {
    format: FORMAT,
    // JSON has no Infinity.
    options: cacheMiB === Infinity ? options : { ...options, cacheMiB },
    ...(cacheMiB === Infinity ? { isCacheUnlimited: true } : {}),
    ...(scaling ? { scaling } : {}),
    kernel,
    classes: [...classes],
    nSupport: [...nSupport],
    intercept: [...intercept],
    vectors: support.length,
    cols: supportVectors.cols,
  };
  const blob = new Blob([
    JSON.stringify(header) + "\n",
    Int32Array.from(support),
    Float32Array.from(supportVectors.data),
    Float32Array.from(dualCoef.data),
  ]);
  await writeWhole(path, await blob.bytes());
}

/**
 * Loads what {@linkcode saveSvc} wrote.
 *
 * @throws {RangeError} If the file is not of that format, not whole, or holds what no machine can be
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { loadSvc, Matrix, saveSvc, Svc } from "deep-features";
 *
 * const path = await Deno.makeTempFile();
 * await saveSvc(await new Svc({ C: 3 }).fit(Matrix.fromRows([[0], [1]]), [0, 1]), path);
 * assert((await loadSvc(path)).options.C === 3);
 * await Deno.remove(path);
 * ```
 */
export async function loadSvc(path: string): Promise<Svc> {
  const bytes = await Deno.readFile(path);
  const end = bytes.indexOf("\n".charCodeAt(0));
  let header: Header;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(0, Math.max(0, end))));
  } catch (cause) {
    throw new RangeError(`${path} does not hold an Svc`, { cause });
  }
  if (header?.format !== FORMAT) throw new RangeError(`${path} does not hold an Svc (${FORMAT})`);
  checkHeader(path, header);
  const { vectors, cols, classes, scaling } = header;
  const lengths = [vectors, vectors * cols, vectors * (classes.length - 1)] as const;
  const data = bytes.slice(end + 1).buffer;
  const expected = 4 * lengths.reduce((a, b) => a + b, 0);
  if (data.byteLength !== expected) {
    throw new RangeError(`${path} is damaged: ${data.byteLength} bytes of values, not ${expected}`);
  }
  const [first, second, third] = lengths;
  const support = new Int32Array(data, 0, first);
  const values = new Float32Array(data, 4 * first, second);
  const coefficients = new Float32Array(data, 4 * (first + second), third);
  if (!support.every((row) => row >= 0)) damaged(path, "a row number is negative");
  if (!values.every(Number.isFinite)) damaged(path, "support vectors must be finite");
  if (!coefficients.every(Number.isFinite)) damaged(path, "dual coefficients must be finite");
  const fitted: FittedSvc = {
    kernel: header.kernel,
    classes: Int32Array.from(classes),
    support,
    supportVectors: new Matrix(values, vectors, cols),
    nSupport: Int32Array.from(header.nSupport),
    dualCoef: new Matrix(coefficients, classes.length - 1, vectors),
    intercept: Float64Array.from(header.intercept),
    ...(scaling ? { scaling } : {}),
  };
  const cache = header.isCacheUnlimited ? { cacheMiB: Infinity } : {};
  try {
    return Svc.fromFitted(fitted, { ...header.options, ...cache });
  } catch (cause) {
    damaged(path, (cause as Error).message, cause);
  }
}

function damaged(path: string, what: string, cause?: unknown): never {
  throw new RangeError(`${path} is damaged: ${what}`, { cause });
}

const LABELS = whole(-(2 ** 31), 2 ** 31 - 1);
const RULES: Rules<Omit<Header, "format">> = {
  options: custom("an object", (value) => typeof value === "object" && value !== null),
  isCacheUnlimited: flag,
  scaling: custom(
    "two positive factors",
    (value) => typeof value === "object" && value !== null,
    (value) => [(value as Scaling).rows, (value as Scaling).values].every(positive.allows),
  ),
  kernel: custom("an object", (value) => typeof value === "object" && value !== null),
  classes: listOf(LABELS),
  nSupport: listOf(whole()),
  intercept: listOf(finite),
  vectors: whole(1),
  cols: whole(1),
};
const KERNEL_RULES: Rules<FittedSvc["kernel"]> = {
  kernel: oneOf("linear", "rbf", "poly", "sigmoid"),
  gamma: positive,
  degree: whole(0, 100),
  coef0: finite,
};

/** Holds a header to what a fitted machine can be; sizes are compared before anything is made of them. */
function checkHeader(path: string, { format: _, ...header }: Header): void {
  try {
    checkOptions("Svc", header, RULES);
    for (const name of Object.keys(RULES) as (keyof typeof RULES)[]) {
      const isOptional = name === "scaling" || name === "isCacheUnlimited";
      if (!isOptional) checkValue(name, header[name], RULES[name]);
    }
    checkOptions("kernel", header.kernel, KERNEL_RULES);
    for (const name of Object.keys(KERNEL_RULES) as (keyof typeof KERNEL_RULES)[]) {
      checkValue(name, header.kernel[name], KERNEL_RULES[name]);
    }
  } catch (cause) {
    damaged(path, (cause as Error).message, cause);
  }
  const { classes, nSupport, intercept, vectors } = header, k = classes.length;
  const isRising = classes.every((label, i) => i === 0 || label > classes[i - 1]!);
  if (k < 2 || !isRising) damaged(path, `classes must be two or more, rising, got ${classes}`);
  const sum = nSupport.reduce((a, b) => a + b, 0);
  if (nSupport.length !== k || sum !== vectors) {
    damaged(path, `nSupport is ${nSupport} for ${k} classes and ${vectors} support vectors`);
  }
  if (intercept.length !== k * (k - 1) / 2) {
    damaged(path, `${intercept.length} intercepts for ${k} classes`);
  }
}

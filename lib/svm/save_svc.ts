import { Matrix } from "../base/matrix.ts";
import type { FittedSvc } from "./fitted_svc.ts";
import { Svc } from "./svc.ts";
import type { SvcOptions } from "./svc_parameters.ts";

/** Format of the file; to be raised when it changes. */
const FORMAT = "deep-features-svc-1";

/** What stands before the arrays. */
interface Header {
  readonly format: string;
  readonly options: SvcOptions;
  readonly kernel: FittedSvc["kernel"];
  readonly classes: number[];
  readonly nSupport: number[];
  readonly intercept: number[];
  readonly vectors: number;
  readonly cols: number;
}

/**
 * Saves a fitted `Svc` to one file: a line of JSON, then the support vectors' row numbers (int32), the
 * support vectors and the dual coefficients (float32), little-endian. Written beside its place and
 * renamed.
 *
 * @throws {Error} If the estimator is not fitted
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
  const { kernel, classes, support, supportVectors, nSupport, dualCoef, intercept } = svc.fitted;
  const header: Header = {
    format: FORMAT,
    options: svc.options,
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
  const part = `${path}.${crypto.randomUUID()}.part`;
  await Deno.writeFile(part, await blob.bytes());
  await Deno.rename(part, path);
}

/**
 * Loads what {@linkcode saveSvc} wrote.
 *
 * @throws {RangeError} If the file is not of that format, or not whole
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
  if (header.format !== FORMAT) throw new RangeError(`${path} does not hold an Svc (${FORMAT})`);
  const { vectors, cols, classes } = header;
  const lengths = [vectors, vectors * cols, vectors * (classes.length - 1)] as const;
  const data = bytes.slice(end + 1).buffer;
  const expected = 4 * lengths.reduce((a, b) => a + b, 0);
  if (data.byteLength !== expected) {
    throw new RangeError(`${path} is damaged: ${data.byteLength} bytes of values, not ${expected}`);
  }
  const [first, second, third] = lengths;
  return Svc.fromFitted({
    kernel: header.kernel,
    classes: Int32Array.from(classes),
    support: new Int32Array(data, 0, first),
    supportVectors: new Matrix(new Float32Array(data, 4 * first, second), vectors, cols),
    nSupport: Int32Array.from(header.nSupport),
    dualCoef: new Matrix(
      new Float32Array(data, 4 * (first + second), third),
      classes.length - 1,
      vectors,
    ),
    intercept: Float64Array.from(header.intercept),
  }, header.options);
}

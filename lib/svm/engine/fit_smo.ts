import { Matrix } from "../../base/matrix.ts";
import { Scope } from "../../compute/scope.ts";
import { SharedRows } from "../../compute/shared_rows.ts";
import { centerOf, type KernelFunction } from "./kernel_function.ts";
import { Extent, scaleKernel, scaleRows, type Scaling, scalingOf } from "./scaling.ts";
import { leastCacheBytes, solveSmo } from "./smo_solver.ts";
import { withIntercept } from "./support_memory.ts";
import type { RunOptions } from "../../base/run_options.ts";
import type { FittedSvc } from "../fitted_svc.ts";
import type { SvcParameters } from "../svc_parameters.ts";

/** The rows of each class, in their order. */
export function rowsByClass(classes: Int32Array, y: ArrayLike<number>): number[][] {
  const rows: number[][] = Array.from(classes, () => []);
  for (let i = 0; i < y.length; i++) rows[classes.indexOf(y[i]!)]!.push(i);
  return rows;
}

/**
 * Fits by this library's solver.
 *
 * @param rowsOfClass The rows of each class
 * @param weights Factor of C of each class
 */
export async function fitSmo(
  X: Matrix,
  classes: Int32Array,
  rowsOfClass: readonly (readonly number[])[],
  kernel: KernelFunction,
  weights: readonly number[],
  { C, tol, maxIter, cacheMiB }: SvcParameters,
  fitOptions: RunOptions,
): Promise<FittedSvc> {
  const sizes = rowsOfClass.map((rows) => rows.length).sort((a, b) => b - a);
  const least = leastCacheBytes(sizes[0]! + sizes[1]!);
  if (least > cacheMiB * 2 ** 20) {
    throw new RangeError(
      `Svc: cacheMiB = ${cacheMiB} is too little for two classes of ${sizes[0]} and ${sizes[1]} ` +
        `rows: need ${(least / 2 ** 20).toPrecision(3)} at least`,
    );
  }
  const scaling = scalingOf(new Extent(X), kernel, C * Math.max(...weights));
  const scaled = scaleRows(X, scaling);
  const center = centerOf(scaled, kernel.kernel);
  using memory = new Scope();
  const sets = rowsOfClass.map((rows) => {
    const set = memory.use(new SharedRows(rows.length, X.cols));
    rows.forEach((row, i) => set.set(i, scaled, row, center));
    return set;
  });
  const solutions = await solveSmo({
    kernel: scaleKernel(kernel, scaling),
    classes: sets,
    classC: weights.map((weight) => weight * C * scaling.values),
    tol,
    maxIter,
    cacheBytes: cacheMiB * 2 ** 20,
    ...fitOptions,
  });
  const unfinished = solutions.filter(({ converged }) => !converged).length;
  warnOfUnfinished(unfinished, solutions.length, maxIter);
  return withIntercept(assemble(X, classes, rowsOfClass, kernel, scaling, solutions), center);
}

/** Warns of pairs of classes whose steps ran out. */
export function warnOfUnfinished(unfinished: number, pairs: number, maxIter: number): void {
  if (unfinished === 0) return;
  console.warn(
    `${unfinished} of ${pairs} pairs of classes stopped at ${
      maxIter < 0 ? "LIBSVM's limit of steps" : `maxIter = ${maxIter}`
    } before the tolerance was reached: ${
      maxIter < 0 ? "lower C" : "raise it"
    }, or scale the columns`,
  );
}

/** Gathers the pairs' solutions in LIBSVM's layout. */
function assemble(
  X: Matrix,
  classes: Int32Array,
  rowsOfClass: readonly (readonly number[])[],
  kernel: KernelFunction,
  scaling: Scaling,
  solutions: Awaited<ReturnType<typeof solveSmo>>,
): FittedSvc {
  const isSupport = rowsOfClass.map((rows) => new Uint8Array(rows.length));
  const forEachCoefficient = (
    visit: (cls: number, row: number, other: number, value: number) => void,
  ) => {
    for (const { first, second, coefficients } of solutions) {
      const count = rowsOfClass[first]!.length;
      coefficients.forEach((value, k) => {
        if (value === 0) return;
        if (k < count) visit(first, k, second, value);
        else visit(second, k - count, first, value);
      });
    }
  };
  forEachCoefficient((cls, row) => isSupport[cls]![row] = 1);
  const position = isSupport.map((flags) => new Int32Array(flags.length));
  const support: number[] = [];
  const nSupport = new Int32Array(classes.length);
  rowsOfClass.forEach((rows, cls) =>
    rows.forEach((row, i) => {
      if (!isSupport[cls]![i]) return;
      position[cls]![i] = support.length;
      support.push(row);
      nSupport[cls]!++;
    })
  );
  const dualCoef = new Float32Array((classes.length - 1) * support.length);
  forEachCoefficient((cls, row, other, value) => {
    const line = other > cls ? other - 1 : other;
    dualCoef[line * support.length + position[cls]![row]!] = value;
  });
  if (!dualCoef.every(Number.isFinite)) {
    throw new RangeError(
      "Svc: dual coefficients are beyond float32: lower C, or scale the columns",
    );
  }
  return {
    kernel,
    classes,
    support: Int32Array.from(support),
    supportVectors: X.takeRows(support),
    nSupport,
    dualCoef: new Matrix(dualCoef, classes.length - 1, support.length),
    intercept: Float64Array.from(solutions, ({ rho }) => -rho),
    dualObjective: Float64Array.from(solutions, ({ objective }) => objective / scaling.values),
    ...(scaling.rows === 1 && scaling.values === 1 ? {} : { scaling }),
  };
}

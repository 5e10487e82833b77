import type { Matrix } from "../base/matrix.ts";

/**
 * The value of `gamma`: `"scale"` is 1 / (columns · variance of all values of X), `"auto"` is
 * 1 / columns, as in scikit-learn.
 */
export function resolveGamma(gamma: number | "scale" | "auto", X: Matrix): number {
  if (gamma === "auto") return 1 / X.cols;
  if (gamma !== "scale") return gamma;
  let sum = 0;
  for (const value of X.data) sum += value;
  const mean = sum / X.data.length;
  let squares = 0;
  for (const value of X.data) squares += (value - mean) ** 2;
  const variance = squares / X.data.length;
  return variance > 0 ? 1 / (X.cols * variance) : 1;
}

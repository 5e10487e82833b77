import { Matrix } from "deep-features";
import { seededRandom, standardNormal } from "deep-features/base";

/** Rows of independent normal values. */
export function gaussian(n: number, cols: number, seed: number): Matrix {
  const random = seededRandom(seed);
  return new Matrix(Float32Array.from({ length: n * cols }, () => standardNormal(random)), n, cols);
}

/** Rows near a curved sheet in many columns, as deep features are. */
export function sheet(n: number, cols: number, noise = 0.1): Matrix {
  const random = seededRandom(6);
  const mixing = Array.from({ length: 6 * cols }, () => standardNormal(random));
  const data = new Float32Array(n * cols);
  for (let i = 0; i < n; i++) {
    const [u, v] = [3 * random(), 3 * random()];
    const base = [u, v, Math.sin(2 * u), Math.cos(2 * v), u * v, Math.sin(u + v)];
    for (let c = 0; c < cols; c++) {
      data[i * cols + c] = base.reduce((sum, value, b) => sum + value * mixing[b * cols + c]!, 0) +
        noise * standardNormal(random);
    }
  }
  return new Matrix(data, n, cols);
}

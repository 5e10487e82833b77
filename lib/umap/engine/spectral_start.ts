import { EigenvalueDecomposition, Matrix as MlMatrix } from "ml-matrix";
import { seededRandom, standardNormal } from "../../base/random.ts";
import type { Graph } from "./fuzzy_graph.ts";

/** Steps of Lanczos' method: they resolve eigenvalues that differ by a few ten-thousandths. */
const STEPS = 100;
/** What is left of a vector that lies in the space of the earlier ones. */
const VANISHED = 1e-8;

/**
 * Two smooth functions on a graph that hangs together: the eigenvectors of its normalized Laplacian behind
 * the constant one (Belkin & Niyogi 2003), by Lanczos' method with full reorthogonalization on
 * D^−½ W D^−½, whose largest eigenvalues belong to them.
 *
 * @returns [vertices, 2]
 */
export function spectralStart({ starts, ends, weights }: Graph, seed: number): Float32Array {
  const n = starts.length - 1;
  const roots = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let degree = 0;
    for (let e = starts[i]!; e < starts[i + 1]!; e++) degree += weights[e]!;
    roots[i] = Math.sqrt(degree);
  }
  const scaled = new Float64Array(weights.length);
  for (let i = 0; i < n; i++) {
    for (let e = starts[i]!; e < starts[i + 1]!; e++) {
      scaled[e] = weights[e]! / (roots[i]! * roots[ends[e]!]! || 1);
    }
  }
  // The first eigenvector is known: the square roots of the degrees. The others are orthogonal to it.
  const first = roots.slice();
  normalize(first, []);
  const random = seededRandom(seed);
  const basis: Float64Array[] = [];
  const diagonal: number[] = [], beside: number[] = [];
  let vector = Float64Array.from({ length: n }, () => standardNormal(random));
  let length = normalize(vector, [first]) > VANISHED ? 1 : 0;
  while (length > VANISHED && basis.length < STEPS) {
    if (basis.length > 0) beside.push(length);
    basis.push(vector);
    const image = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let e = starts[i]!; e < starts[i + 1]!; e++) sum += scaled[e]! * vector[ends[e]!]!;
      image[i] = sum;
    }
    diagonal.push(dot(image, vector));
    length = normalize(image, [first, ...basis]);
    vector = image;
  }
  const places = new Float32Array(2 * n);
  if (basis.length === 0) return places;
  const tridiagonal = MlMatrix.zeros(basis.length, basis.length);
  diagonal.forEach((value, i) => tridiagonal.set(i, i, value));
  beside.slice(0, basis.length - 1).forEach((value, i) => {
    tridiagonal.set(i, i + 1, value);
    tridiagonal.set(i + 1, i, value);
  });
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(tridiagonal, {
    assumeSymmetric: true,
  });
  const order = realEigenvalues.map((_, i) => i)
    .sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  order.slice(0, 2).forEach((column, d) => {
    basis.forEach((vector, step) => {
      const share = eigenvectorMatrix.get(step, column);
      for (let i = 0; i < n; i++) places[2 * i + d]! += share * vector[i]!;
    });
  });
  return places;
}

/**
 * Takes from a vector what lies in the space of others, twice for the sake of rounding, and scales it to
 * length 1.
 *
 * @returns The length before scaling
 */
function normalize(vector: Float64Array, others: readonly Float64Array[]): number {
  for (let pass = 0; pass < 2; pass++) {
    for (const other of others) {
      const share = dot(vector, other);
      for (let i = 0; i < vector.length; i++) vector[i]! -= share * other[i]!;
    }
  }
  const length = Math.sqrt(dot(vector, vector));
  if (length > 0) { for (let i = 0; i < vector.length; i++) vector[i]! /= length; }
  return length;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

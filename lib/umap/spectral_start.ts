import { seededRandom, standardNormal } from "../random.ts";
import type { Graph } from "./fuzzy_graph.ts";

/** Rounds of orthogonal iteration: the vectors are smooth long before they have converged. */
const ROUNDS = 200;

/**
 * Two smooth functions on a graph: the eigenvectors of its normalized Laplacian behind the constant one
 * (Belkin & Niyogi 2003), approximately, by orthogonal iteration on (I + D^−½ W D^−½) / 2.
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
  const random = seededRandom(seed);
  // The first is known: the square roots of the degrees. The others stay orthogonal to it.
  const vectors = [
    roots.slice(),
    ...[1, 2].map(() => Float64Array.from({ length: n }, () => standardNormal(random))),
  ];
  orthonormalize(vectors);
  const image = new Float64Array(n);
  for (let round = 0; round < ROUNDS; round++) {
    for (const vector of vectors.slice(1)) {
      for (let i = 0; i < n; i++) {
        let sum = vector[i]!;
        for (let e = starts[i]!; e < starts[i + 1]!; e++) sum += scaled[e]! * vector[ends[e]!]!;
        image[i] = sum / 2;
      }
      vector.set(image);
    }
    orthonormalize(vectors);
  }
  const places = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) {
    places[2 * i] = vectors[1]![i]!;
    places[2 * i + 1] = vectors[2]![i]!;
  }
  return places;
}

function orthonormalize(vectors: Float64Array[]): void {
  vectors.forEach((vector, v) => {
    for (const other of vectors.slice(0, v)) {
      let dot = 0;
      for (let i = 0; i < vector.length; i++) dot += vector[i]! * other[i]!;
      for (let i = 0; i < vector.length; i++) vector[i]! -= dot * other[i]!;
    }
    let squares = 0;
    for (const value of vector) squares += value * value;
    const length = Math.sqrt(squares) || 1;
    for (let i = 0; i < vector.length; i++) vector[i]! /= length;
  });
}

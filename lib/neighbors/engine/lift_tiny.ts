import { Matrix } from "../../base/matrix.ts";
import type { Neighbors } from "./candidates.ts";

/** Rows whose values are all smaller than this have squares that float32 cannot hold. */
const TINY = 2 ** -30;

/**
 * Rows of tiny values (say 1e−22, whose squares vanish in float32) made larger by a power of two, which
 * changes no order; others as they are.
 *
 * @returns The matrices, and how their neighbours' distances become the original ones'
 */
export function liftTiny(
  ...matrices: Matrix[]
): { matrices: Matrix[]; lower: (found: Neighbors) => Neighbors } {
  let largest = 0;
  for (const { data } of matrices) {
    for (let i = 0; i < data.length; i++) {
      const size = Math.abs(data[i]!);
      if (size > largest) largest = size;
      if (size >= TINY) return { matrices, lower: (found) => found };
    }
  }
  if (largest === 0) return { matrices, lower: (found) => found };
  const factor = 2 ** -Math.floor(Math.log2(largest));
  return {
    matrices: matrices.map(({ data, rows, cols }) =>
      new Matrix(data.map((value) => value * factor), rows, cols)
    ),
    lower: ({ distances, ...rest }) => ({
      ...rest,
      distances: distances.map((distance) => distance / factor),
    }),
  };
}

/** Rows that are worked on together: each finished row is then read once for all of them. */
const TILE_ROWS = 32;

/**
 * A function that solves A·x = b in place of b, by Cholesky's factorisation; b may be several vectors one
 * behind the other.
 *
 * @param A Symmetric and positive definite [n, n], row-major; it is overwritten
 * @param pause Awaited between parts of the work; may throw to stop
 */
export async function choleskySolver(
  A: Float64Array,
  n: number,
  pause: () => Promise<void> | void = () => {},
): Promise<(b: Float64Array) => void> {
  for (let tile = 0; tile < n; tile += TILE_ROWS) {
    const end = Math.min(n, tile + TILE_ROWS);
    for (let j = 0; j < end; j++) {
      const diagonal = j * n + j;
      for (let i = Math.max(j, tile); i < end; i++) {
        const at = i * n + j, rest = A[at]! - dot(A, i * n, A, j * n, j);
        // Rounding must not take a root of nothing.
        A[at] = i === j
          ? Math.sqrt(Math.max(rest, 1e-12 * A[at]!, Number.MIN_VALUE))
          : rest / A[diagonal]!;
      }
    }
    await pause();
  }
  return (b) => {
    // Each row of A is read once for all right-hand sides.
    for (let i = 0; i < n; i++) {
      for (let from = 0; from < b.length; from += n) {
        b[from + i] = (b[from + i]! - dot(A, i * n, b, from, i)) / A[i * n + i]!;
      }
    }
    for (let i = n - 1; i >= 0; i--) {
      for (let from = 0; from < b.length; from += n) {
        const value = b[from + i]! / A[i * n + i]!;
        b[from + i] = value;
        for (let k = 0; k < i; k++) b[from + k]! -= A[i * n + k]! * value;
      }
    }
  };
}

/** Four sums at once, since a sum must wait for the one before it. */
function dot(A: Float64Array, a: number, B: Float64Array, b: number, count: number): number {
  let s0 = 0, s1 = 0, s2 = 0, s3 = 0, k = 0;
  for (; k + 4 <= count; k += 4) {
    s0 += A[a + k]! * B[b + k]!;
    s1 += A[a + k + 1]! * B[b + k + 1]!;
    s2 += A[a + k + 2]! * B[b + k + 2]!;
    s3 += A[a + k + 3]! * B[b + k + 3]!;
  }
  for (; k < count; k++) s0 += A[a + k]! * B[b + k]!;
  return s0 + s1 + (s2 + s3);
}

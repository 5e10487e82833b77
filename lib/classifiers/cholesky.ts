/**
 * A function that solves A·x = b in place of b, by Cholesky's factorisation.
 *
 * @param A Symmetric and positive definite [n, n], row-major; it is overwritten
 */
export function choleskySolver(A: Float64Array, n: number): (b: Float64Array) => void {
  const product = (a: number, b: number, count: number) => {
    let sum = 0;
    for (let k = 0; k < count; k++) sum += A[a + k]! * A[b + k]!;
    return sum;
  };
  for (let i = 0; i < n; i++) {
    const row = i * n;
    for (let j = 0; j < i; j++) {
      A[row + j] = (A[row + j]! - product(row, j * n, j)) / A[j * n + j]!;
    }
    // Rounding must not take a root of nothing.
    A[row + i] = Math.sqrt(
      Math.max(A[row + i]! - product(row, row, i), 1e-12 * A[row + i]!, 1e-300),
    );
  }
  return (b) => {
    for (let i = 0; i < n; i++) {
      let value = b[i]!;
      for (let k = 0; k < i; k++) value -= A[i * n + k]! * b[k]!;
      b[i] = value / A[i * n + i]!;
    }
    for (let i = n - 1; i >= 0; i--) {
      const value = b[i]! / A[i * n + i]!;
      b[i] = value;
      for (let k = 0; k < i; k++) b[k]! -= A[i * n + k]! * value;
    }
  };
}

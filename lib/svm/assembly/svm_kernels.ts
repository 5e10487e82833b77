// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// deno-fmt-ignore-file It would leave out the decorators, which AssemblyScript needs.
// Kernel values of support vector machines: dot products (made by gemm) become kernel values, in place.

const LINEAR: i32 = 0;
const RBF: i32 = 1;
const POLY: i32 = 2;

/** Added to |n| < 2²² it leaves n, rounded to the nearest whole number, in the lowest bits. */
const ROUNDER: f32 = 12582912;

/**
 * exp between −87.3 and 88, where 2ⁿ is one factor. Only operations that are one instruction of the processor:
 * WebAssembly's min, max and trunc_sat are many, for the sake of NaN, which pmin and pmax keep here as well.
 */
@inline
function expInRange(x: v128): v128 {
  x = f32x4.pmin(f32x4.pmax(x, f32x4.splat(-87.3)), f32x4.splat(88));
  const rounded = f32x4.add(f32x4.mul(x, f32x4.splat(1.44269504088896341)), f32x4.splat(ROUNDER));
  const n = f32x4.sub(rounded, f32x4.splat(ROUNDER));
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  const y = f32x4.add(expm1Small(r), f32x4.splat(1));
  // What the rounder adds to the bits is shifted out.
  return f32x4.mul(y, powerOf2(rounded));
}

@inline
function rbf4(dot: v128, rowNorm: v128, columnNorm: v128, minusGamma: v128): v128 {
  const squared = f32x4.sub(f32x4.add(rowNorm, columnNorm), f32x4.add(dot, dot));
  return expInRange(f32x4.mul(minusGamma, f32x4.pmax(squared, f32x4.splat(0))));
}

function kernel4(
  dot: v128,
  rowNorm: v128,
  columnNorm: v128,
  kind: i32,
  degree: i32,
  gamma: v128,
  coef0: v128,
): v128 {
  if (kind == LINEAR) return dot;
  if (kind == RBF) return rbf4(dot, rowNorm, columnNorm, f32x4.neg(gamma));
  const base = f32x4.add(f32x4.mul(gamma, dot), coef0);
  if (kind == POLY) {
    let power = f32x4.splat(1);
    for (let i = 0; i < degree; i++) power = f32x4.mul(power, base);
    return power;
  }
  // tanh x = 1 − 2 / (e²ˣ + 1)
  const e = expInRange(f32x4.add(base, base));
  return f32x4.sub(
    f32x4.splat(1),
    f32x4.div(f32x4.splat(2), f32x4.add(e, f32x4.splat(1))),
  );
}

/** Kernel values of a row from its dot products, in place. */
@global
function kernelRow(
  values: usize,
  bytes: usize,
  rowNorms: usize,
  row: i32,
  columnNorms: usize,
  kind: i32,
  degree: i32,
  gamma: v128,
  coef0: v128,
): void {
  const rowNorm = v128.load32_splat(rowNorms + ((<usize> row) << 2));
  let i: usize = 0;
  if (kind == RBF) {
    const minusGamma = f32x4.neg(gamma);
    for (; i + 16 <= bytes; i += 16) {
      const columnNorm = v128.load(columnNorms + i);
      v128.store(values + i, rbf4(v128.load(values + i), rowNorm, columnNorm, minusGamma));
    }
  }
  for (; i + 16 <= bytes; i += 16) {
    v128.store(
      values + i,
      kernel4(
        v128.load(values + i),
        rowNorm,
        v128.load(columnNorms + i),
        kind,
        degree,
        gamma,
        coef0,
      ),
    );
  }
  for (; i < bytes; i += 4) {
    const value = kernel4(
      v128.load32_splat(values + i),
      rowNorm,
      v128.load32_splat(columnNorms + i),
      kind,
      degree,
      gamma,
      coef0,
    );
    store<f32>(values + i, f32x4.extract_lane(value, 0));
  }
}

/**
 * Kernel values from dot products, in place. A task is a row.
 * ints: block [rows][columns], columns, squared norms of the rows, of the columns, kind, degree;
 * floats: gamma, coef0
 */
export function kernelValues(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  const block = load<usize>(args);
  const columns = load<i32>(args, 4);
  const rowNorms = load<usize>(args, 8), columnNorms = load<usize>(args, 12);
  const kind = load<i32>(args, 16), degree = load<i32>(args, 20);
  const gamma = f32x4.splat(load<f32>(args, 128)),
    coef0 = f32x4.splat(load<f32>(args, 132));
  const bytes = (<usize> columns) << 2;
  for (let row = begin; row < end; row++) {
    const values = block + <usize> row * bytes;
    kernelRow(values, bytes, rowNorms, row, columnNorms, kind, degree, gamma, coef0);
  }
}

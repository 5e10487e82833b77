// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// deno-fmt-ignore-file
// The bias and the activation of a product that a library has computed.

/**
 * Adds a bias to rows begin … end − 1 of a matrix and applies the activation.
 * ints: values [rows, columns], columns, bias (0: none; else one value a column), activation (0 none,
 *   1 ReLU, 2 ReLU6)
 */
export function finishRows(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const values = load<usize>(args);
  const columns = load<i32>(args, 4);
  const bias = load<usize>(args, 8);
  const activation = load<i32>(args, 12);
  const length = (<usize> columns) << 2, whole = length & ~15;
  for (let row = begin; row < end; row++) {
    const at = values + <usize> row * length;
    for (let x: usize = 0; x < whole; x += 16) {
      let y = v128.load(at + x);
      if (bias != 0) y = f32x4.add(y, v128.load(bias + x));
      v128.store(at + x, fuse(y, activation));
    }
    for (let x = whole; x < length; x += 4) {
      let y = f32x4.splat(load<f32>(at + x));
      if (bias != 0) y = f32x4.add(y, f32x4.splat(load<f32>(bias + x)));
      store<f32>(at + x, f32x4.extract_lane(fuse(y, activation), 0));
    }
  }
}

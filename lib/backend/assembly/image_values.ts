// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// Images of bytes as the numbers that a network takes.

/** Pixels of a task. */
const PIXELS: i32 = 4096;

/**
 * y[pixel][c] = values[c][x[pixel][from[c]]] for each channel c, then a one where asked for.
 * ints: x (bytes) [n][channels], y, n, channels, from [channels], values [channels][256], ones
 */
export function imageValues(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const x = load<usize>(args), y = load<usize>(args, 4);
  const n = load<i32>(args, 8), channels = load<i32>(args, 12);
  const from = load<usize>(args, 16), values = load<usize>(args, 20);
  const ones = load<i32>(args, 24) != 0;
  const pixel = <usize> channels, outPixel = (pixel + <usize> ones) << 2;
  const last = min(n, end * PIXELS);
  for (let c: usize = 0; c < pixel; c++) {
    const table = values + (c << 10);
    let source = x + <usize> (begin * PIXELS) * pixel + load<u32>(from + (c << 2));
    let to = y + <usize> (begin * PIXELS) * outPixel + (c << 2);
    for (let i = begin * PIXELS; i < last; i++, source += pixel, to += outPixel) {
      store<f32>(to, load<f32>(table + (<usize> load<u8>(source) << 2)));
    }
  }
  if (!ones) return;
  let to = y + <usize> (begin * PIXELS) * outPixel + (pixel << 2);
  for (let i = begin * PIXELS; i < last; i++, to += outPixel) store<f32>(to, 1);
}

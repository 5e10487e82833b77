// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// deno-fmt-ignore-file It would leave out the decorators, which AssemblyScript needs.
// Resizing of images, channels last, and its gradients. Where a row or column of the resized image comes from
// is told by tables: the pixel before it, the one behind it, and the share of the latter. The nearest pixel
// is a pixel before with nothing behind.

/**
 * ints: x [images][height][width][channels], y [images][outHeight][outWidth][channels], rows [2][outHeight],
 * columns [2][outWidth] (pixels before, pixels behind), rowShares [outHeight], columnShares [outWidth],
 * height, width, channels, outHeight, outWidth, isNearest. A task is a row of y.
 */
export function resize(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const x = load<usize>(args), y = load<usize>(args, 4);
  const rows = load<usize>(args, 8), columns = load<usize>(args, 12);
  const rowShares = load<usize>(args, 16), columnShares = load<usize>(args, 20);
  const height = load<i32>(args, 24), width = load<i32>(args, 28), channels = load<i32>(args, 32);
  const outHeight = load<i32>(args, 36), outWidth = load<i32>(args, 40);
  const isNearest = load<i32>(args, 44) != 0;
  const pixel = (<usize> channels) << 2, row = <usize> width * pixel;
  const vectors = (<usize> (channels & ~3)) << 2;
  for (let task = begin; task < end; task++) {
    const image = x + <usize> (task / outHeight) * <usize> height * row, at = task % outHeight;
    const upper = image + <usize> load<i32>(rows + ((<usize> at) << 2)) * row;
    const lower = image + <usize> load<i32>(rows + ((<usize> (outHeight + at)) << 2)) * row;
    const down = load<f32>(rowShares + ((<usize> at) << 2)), down4 = f32x4.splat(down);
    let to = y + <usize> task * <usize> outWidth * pixel;
    for (let column = 0; column < outWidth; column++, to += pixel) {
      const left = <usize> load<i32>(columns + ((<usize> column) << 2)) * pixel;
      if (isNearest) {
        memory.copy(to, upper + left, pixel);
        continue;
      }
      const right = <usize> load<i32>(columns + ((<usize> (outWidth + column)) << 2)) * pixel;
      const across = load<f32>(columnShares + ((<usize> column) << 2)), across4 = f32x4.splat(across);
      let c: usize = 0;
      for (; c < vectors; c += 16) {
        const a = v128.load(upper + left + c), b = v128.load(lower + left + c);
        const top = f32x4.add(a, f32x4.mul(f32x4.sub(v128.load(upper + right + c), a), across4));
        const bottom = f32x4.add(b, f32x4.mul(f32x4.sub(v128.load(lower + right + c), b), across4));
        v128.store(to + c, f32x4.add(top, f32x4.mul(f32x4.sub(bottom, top), down4)));
      }
      for (; c < pixel; c += 4) {
        const a = load<f32>(upper + left + c), b = load<f32>(lower + left + c);
        const top = a + (load<f32>(upper + right + c) - a) * across;
        const bottom = b + (load<f32>(lower + right + c) - b) * across;
        store<f32>(to + c, top + (bottom - top) * down);
      }
    }
  }
}

/** Adds value · share to four channels, or to one. */

@inline
function addShare(to: usize, from: usize, share: f32, vectors: usize, pixel: usize): void {
  const share4 = f32x4.splat(share);
  let c: usize = 0;
  for (; c < vectors; c += 16) {
    v128.store(to + c, f32x4.add(v128.load(to + c), f32x4.mul(v128.load(from + c), share4)));
  }
  for (; c < pixel; c += 4) store<f32>(to + c, load<f32>(to + c) + load<f32>(from + c) * share);
}

/** ints as for `resize`: what each pixel of x gets of the gradients of y. A task is an image. */
export function resizeGradient(args: usize, begin: i32, end: i32, _scratch: usize): void {
  const x = load<usize>(args), y = load<usize>(args, 4);
  const rows = load<usize>(args, 8), columns = load<usize>(args, 12);
  const rowShares = load<usize>(args, 16), columnShares = load<usize>(args, 20);
  const height = load<i32>(args, 24), width = load<i32>(args, 28), channels = load<i32>(args, 32);
  const outHeight = load<i32>(args, 36), outWidth = load<i32>(args, 40);
  const isNearest = load<i32>(args, 44) != 0;
  const pixel = (<usize> channels) << 2, row = <usize> width * pixel;
  const vectors = (<usize> (channels & ~3)) << 2;
  for (let task = begin; task < end; task++) {
    const image = x + <usize> task * <usize> height * row;
    memory.fill(image, 0, <usize> height * row);
    let from = y + <usize> task * <usize> (outHeight * outWidth) * pixel;
    for (let at = 0; at < outHeight; at++) {
      const upper = image + <usize> load<i32>(rows + ((<usize> at) << 2)) * row;
      const lower = image + <usize> load<i32>(rows + ((<usize> (outHeight + at)) << 2)) * row;
      const down = load<f32>(rowShares + ((<usize> at) << 2));
      for (let column = 0; column < outWidth; column++, from += pixel) {
        const left = <usize> load<i32>(columns + ((<usize> column) << 2)) * pixel;
        if (isNearest) {
          addShare(upper + left, from, 1, vectors, pixel);
          continue;
        }
        const right = <usize> load<i32>(columns + ((<usize> (outWidth + column)) << 2)) * pixel;
        const across = load<f32>(columnShares + ((<usize> column) << 2));
        addShare(upper + left, from, (1 - down) * (1 - across), vectors, pixel);
        addShare(upper + right, from, (1 - down) * across, vectors, pixel);
        addShare(lower + left, from, down * (1 - across), vectors, pixel);
        addShare(lower + right, from, down * across, vectors, pixel);
      }
    }
  }
}

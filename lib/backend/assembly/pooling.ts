// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// deno-fmt-ignore-file It would leave out the decorators, which AssemblyScript needs.
// Max- and average pooling and their gradients, channels last, four channels at a time. A task is an image,
// so that windows that overlap are summed by one thread, in order.
//
// As in tfjs, the gradient of a window's maximum goes to its first largest value in row-major order; an
// average divides by the window's values within the image, its gradient by the window's size.

/** ints for both: x, y or dy, dx (gradient only), height, width, channels, outHeight, outWidth,
 *  windowHeight, windowWidth, strideY, strideX, top, left */
export function maxPool(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  pool(args, begin, end, false);
}

export function maxPoolGradient(
  args: usize,
  begin: i32,
  end: i32,
  _scratch: usize,
): void {
  pool(args, begin, end, true);
}

/** Writes what goes to a pixel, or adds it where windows overlap. */

@inline
function give(to: usize, value: v128, overlap: bool): void {
  v128.store(to, overlap ? f32x4.add(v128.load(to), value) : value);
}

/** Four channels of a window of 2 × 2. */

@inline
function pool2x2(from: usize, row: usize, pixel: usize, out: usize, to: usize, gradient: bool, overlap: bool): void {
  const v0 = v128.load(from), v1 = v128.load(from + pixel);
  const v2 = v128.load(from + row), v3 = v128.load(from + row + pixel);
  const none = f32x4.splat(-Infinity);
  const m0 = f32x4.pmax(none, v0), m1 = f32x4.pmax(m0, v1), m2 = f32x4.pmax(m1, v2);
  if (!gradient) {
    v128.store(out, f32x4.pmax(m2, v3));
    return;
  }
  // Where a value is larger than all before it; the last of these is the first largest.
  const g3 = f32x4.gt(v3, m2), g2 = f32x4.gt(v2, m1), g1 = f32x4.gt(v1, m0), g0 = f32x4.gt(v0, none);
  const later2 = v128.or(g2, g3), later1 = v128.or(g1, later2);
  const dy = v128.load(out);
  give(to, v128.and(dy, v128.andnot(g0, later1)), overlap);
  give(to + pixel, v128.and(dy, v128.andnot(g1, later2)), overlap);
  give(to + row, v128.and(dy, v128.andnot(g2, g3)), overlap);
  give(to + row + pixel, v128.and(dy, g3), overlap);
}

/** Four channels (or one, `lanes` = 1) of any window. */

@inline
function poolAny(
  from: usize, row: usize, pixel: usize, rows: i32, columns: i32, out: usize, to: usize, gradient: bool,
  overlap: bool, lanes: i32,
): void {
  let best = f32x4.splat(-Infinity), where = i32x4.splat(-1);
  for (let y = 0, at = 0; y < rows; y++) {
    for (let x = 0, p = from + <usize> y * row; x < columns; x++, at++, p += pixel) {
      const value = lanes == 4 ? v128.load(p) : v128.load32_splat(p);
      const larger = f32x4.gt(value, best);
      best = v128.bitselect(value, best, larger);
      where = v128.bitselect(i32x4.splat(at), where, larger);
    }
  }
  if (!gradient) {
    if (lanes == 4) v128.store(out, best);
    else v128.store32_lane(out, best, 0);
    return;
  }
  const dy = lanes == 4 ? v128.load(out) : v128.load32_splat(out);
  for (let y = 0, at = 0; y < rows; y++) {
    for (let x = 0, p = to + <usize> y * row; x < columns; x++, at++, p += pixel) {
      const here = v128.and(dy, i32x4.eq(where, i32x4.splat(at)));
      if (lanes == 4) give(p, here, overlap);
      else store<f32>(p, (overlap ? load<f32>(p) : 0) + f32x4.extract_lane(here, 0));
    }
  }
}

function pool(args: usize, begin: i32, end: i32, gradient: bool): void {
  const x = load<usize>(args),
    y = load<usize>(args, 4),
    dx = load<usize>(args, 8);
  const height = load<i32>(args, 12),
    width = load<i32>(args, 16),
    channels = load<i32>(args, 20);
  const outHeight = load<i32>(args, 24), outWidth = load<i32>(args, 28);
  const windowHeight = load<i32>(args, 32), windowWidth = load<i32>(args, 36);
  const strideY = load<i32>(args, 40), strideX = load<i32>(args, 44);
  const top = load<i32>(args, 48), left = load<i32>(args, 52);
  const pixel = (<usize> channels) << 2, row = <usize> width * pixel;
  const imageBytes = <usize> height * row;
  const vectors = (<usize> (channels & ~3)) << 2;
  const overlap = strideY < windowHeight || strideX < windowWidth;
  // Whether the windows leave no pixel out, so that each is written.
  const isTiled = strideY == windowHeight && strideX == windowWidth && top == 0 && left == 0 &&
    outHeight * strideY >= height && outWidth * strideX >= width;
  for (let image = begin; image < end; image++) {
    const source = x + <usize> image * imageBytes;
    const target = dx + <usize> image * imageBytes;
    if (gradient && !isTiled) memory.fill(target, 0, imageBytes);
    let out = y + <usize> image * <usize> (outHeight * outWidth) * pixel;
    for (let oy = 0; oy < outHeight; oy++) {
      const fromY = max(0, oy * strideY - top),
        rows = min(height, oy * strideY - top + windowHeight) - fromY;
      for (let ox = 0; ox < outWidth; ox++, out += pixel) {
        const fromX = max(0, ox * strideX - left);
        const columns = min(width, ox * strideX - left + windowWidth) - fromX;
        const at = <usize> fromY * row + <usize> fromX * pixel;
        const from = source + at, to = target + at;
        let c: usize = 0;
        if (rows == 2 && columns == 2) {
          for (; c < vectors; c += 16) {
            pool2x2(from + c, row, pixel, out + c, to + c, gradient, overlap);
          }
        }
        for (; c < vectors; c += 16) {
          poolAny(from + c, row, pixel, rows, columns, out + c, to + c, gradient, overlap, 4);
        }
        for (; c < pixel; c += 4) {
          poolAny(from + c, row, pixel, rows, columns, out + c, to + c, gradient, overlap, 1);
        }
      }
    }
  }
}

/** Adds `value` to, or takes the sum of, a window's values of four channels (or one, `lanes` = 1). */

@inline
function windowSum(
  from: usize,
  rows: i32,
  columns: i32,
  rowStep: usize,
  pixelStep: usize,
  lanes: i32,
): v128 {
  let sum = f32x4.splat(0);
  for (let y = 0; y < rows; y++, from += rowStep) {
    for (let x = 0, p = from; x < columns; x++, p += pixelStep) {
      sum = f32x4.add(sum, lanes == 4 ? v128.load(p) : v128.load32_splat(p));
    }
  }
  return sum;
}

/** ints as for `maxPool` (dx unused): the mean of each window. */
export function averagePool(args: usize, begin: i32, end: i32, _scratch: usize): void {
  average(args, begin, end, false);
}

/** ints as for `maxPoolGradient`, x unused: spreads each dy over its window. */
export function averagePoolGradient(args: usize, begin: i32, end: i32, _scratch: usize): void {
  average(args, begin, end, true);
}

function average(args: usize, begin: i32, end: i32, gradient: bool): void {
  const x = load<usize>(args), y = load<usize>(args, 4), dx = load<usize>(args, 8);
  const height = load<i32>(args, 12), width = load<i32>(args, 16), channels = load<i32>(args, 20);
  const outHeight = load<i32>(args, 24), outWidth = load<i32>(args, 28);
  const windowHeight = load<i32>(args, 32), windowWidth = load<i32>(args, 36);
  const strideY = load<i32>(args, 40), strideX = load<i32>(args, 44);
  const top = load<i32>(args, 48), left = load<i32>(args, 52);
  const pixel = (<usize> channels) << 2, row = <usize> width * pixel;
  const imageBytes = <usize> height * row;
  const vectors = (<usize> (channels & ~3)) << 2;
  const whole: f32 = (<f32> 1) / <f32> (windowHeight * windowWidth);
  for (let image = begin; image < end; image++) {
    const source = (gradient ? dx : x) + <usize> image * imageBytes;
    if (gradient) memory.fill(source, 0, imageBytes);
    let out = y + <usize> image * <usize> (outHeight * outWidth) * pixel;
    for (let oy = 0; oy < outHeight; oy++) {
      const fromY = max(0, oy * strideY - top),
        rows = min(height, oy * strideY - top + windowHeight) - fromY;
      for (let ox = 0; ox < outWidth; ox++, out += pixel) {
        const fromX = max(0, ox * strideX - left);
        const columns = min(width, ox * strideX - left + windowWidth) - fromX;
        const from = source + <usize> fromY * row + <usize> fromX * pixel;
        const count = f32x4.splat(<f32> (rows * columns));
        for (let c: usize = 0; c < pixel; c += c < vectors ? 16 : 4) {
          const isVector = c < vectors;
          if (!gradient) {
            if (isVector) {
              v128.store(
                out + c,
                f32x4.div(windowSum(from + c, rows, columns, row, pixel, 4), count),
              );
            } else {
              const sum = windowSum(from + c, rows, columns, row, pixel, 1);
              v128.store32_lane(out + c, f32x4.div(sum, count), 0);
            }
            continue;
          }
          const share = f32x4.mul(
            isVector ? v128.load(out + c) : v128.load32_splat(out + c),
            f32x4.splat(whole),
          );
          for (let i = 0; i < rows; i++) {
            for (let j = 0; j < columns; j++) {
              const p = from + <usize> i * row + <usize> j * pixel + c;
              if (isVector) v128.store(p, f32x4.add(v128.load(p), share));
              else store<f32>(p, load<f32>(p) + f32x4.extract_lane(share, 0));
            }
          }
        }
      }
    }
  }
}

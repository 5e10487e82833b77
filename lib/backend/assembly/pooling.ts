// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// deno-fmt-ignore-file It would leave out the decorators, which AssemblyScript needs.
// Max- and average pooling and their gradients, channels last, four channels at a time. A task is an image,
// so that windows that overlap are summed by one thread, in order.
//
// As in tfjs, the gradient of a window's maximum goes to its first largest value in row-major order; an
// average divides by the window's values within the image, its gradient by the window's size.

/** ints for both: x, y or dy, dx (gradient only), height, width, channels, outHeight, outWidth,
 *  windowHeight, windowWidth, strideY, strideX, top, left, dilationY, dilationX */
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
  const dilationY = load<i32>(args, 56), dilationX = load<i32>(args, 60);
  const pixel = (<usize> channels) << 2;
  const imageBytes = <usize> height * width * pixel;
  const vectors = (channels & ~3) << 2;
  for (let image = begin; image < end; image++) {
    const source = x + <usize> image * imageBytes;
    const target = dx + <usize> image * imageBytes;
    if (gradient) memory.fill(target, 0, imageBytes);
    let out = y + <usize> image * <usize> (outHeight * outWidth) * pixel;
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++, out += pixel) {
        const fromY = oy * strideY - top, fromX = ox * strideX - left;
        const lastY = fromY + windowHeight * dilationY,
          lastX = fromX + windowWidth * dilationX;
        for (let c: usize = 0; c < <usize> vectors; c += 16) {
          let best = f32x4.splat(-Infinity);
          let where = i32x4.splat(-1);
          for (let iy = fromY; iy < lastY; iy += dilationY) {
            if (iy < 0 || iy >= height) continue;
            for (let ix = fromX; ix < lastX; ix += dilationX) {
              if (ix < 0 || ix >= width) continue;
              const at = iy * width + ix;
              const value = v128.load(source + <usize> at * pixel + c);
              const larger = f32x4.gt(value, best);
              best = v128.bitselect(value, best, larger);
              where = v128.bitselect(i32x4.splat(at), where, larger);
            }
          }
          if (!gradient) {
            v128.store(out + c, best);
            continue;
          }
          const dy = v128.load(out + c);
          for (let iy = max(0, fromY); iy < min(height, lastY); iy++) {
            for (let ix = max(0, fromX); ix < min(width, lastX); ix++) {
              const at = iy * width + ix;
              const to = target + <usize> at * pixel + c;
              const here = v128.and(dy, i32x4.eq(where, i32x4.splat(at)));
              v128.store(to, f32x4.add(v128.load(to), here));
            }
          }
        }
        for (let c = <usize> vectors; c < pixel; c += 4) {
          let best: f32 = -Infinity;
          let where = -1;
          for (let iy = fromY; iy < lastY; iy += dilationY) {
            if (iy < 0 || iy >= height) continue;
            for (let ix = fromX; ix < lastX; ix += dilationX) {
              if (ix < 0 || ix >= width) continue;
              const at = iy * width + ix;
              const value = load<f32>(source + <usize> at * pixel + c);
              if (value > best) {
                best = value;
                where = at;
              }
            }
          }
          if (!gradient) {
            store<f32>(out + c, best);
          } else if (where >= 0) {
            const to = target + <usize> where * pixel + c;
            store<f32>(to, load<f32>(to) + load<f32>(out + c));
          }
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

/** ints as for `maxPool` (dx unused, dilations 1): the mean of each window. */
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

// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// Max-pooling and its gradient, channels last, four channels at a time. A task is an image, so that
// windows that overlap are summed by one thread, in order.
//
// As in tfjs, the gradient of a window goes to its first largest value in row-major order.

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

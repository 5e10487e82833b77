// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// Depthwise convolution, channels last, four channels at a time, and the gradient of its filter; the input's
// gradient is the first with the filter turned round and zeros between the pixels of dy. A band of rows is
// copied with its padding first (`copyPadded`), each channel `times` times, so that a channel multiplier is
// no case of its own. Nine taps stay in registers along a row; other filters go tap by tap.

/** Bytes of padded rows that a filter's gradient goes through for each vector of channels. */
const CACHED_BYTES: i32 = 24576;

/**
 * ints: x, filter [filterRows][filterColumns][wide], y, height, width, channels, times (wide = channels ·
 *   times), top, left, spreadY, spreadX, paddedWidth, filterRows, filterColumns, dilationY, dilationX,
 *   outHeight, outWidth, strideY, strideX, bias (0: none), activation, bands of an image, rows of a band
 */
export function depthwise(args: usize, begin: i32, end: i32, scratch: usize): void {
  const x = load<usize>(args), filter = load<usize>(args, 4), y = load<usize>(args, 8);
  const height = load<i32>(args, 12), width = load<i32>(args, 16), channels = load<i32>(args, 20);
  const times = load<i32>(args, 24);
  const top = load<i32>(args, 28), left = load<i32>(args, 32);
  const spreadY = load<i32>(args, 36), spreadX = load<i32>(args, 40);
  const paddedWidth = load<i32>(args, 44);
  const filterRows = load<i32>(args, 48), filterColumns = load<i32>(args, 52);
  const dilationY = load<i32>(args, 56), dilationX = load<i32>(args, 60);
  const outHeight = load<i32>(args, 64), outWidth = load<i32>(args, 68);
  const strideY = load<i32>(args, 72), strideX = load<i32>(args, 76);
  const bias = load<usize>(args, 80), activation = load<i32>(args, 84);
  const bands = load<i32>(args, 88), bandRows = load<i32>(args, 92);
  const wide = channels * times;
  const pixel = (<usize> wide) << 2, paddedRow = <usize> paddedWidth * pixel;
  const imageBytes = (<usize> height * width * channels) << 2;
  const reach = (filterRows - 1) * dilationY + 1;
  const rowStep = <usize> dilationY * paddedRow, tapStep = <usize> dilationX * pixel;
  const pixelStep = <usize> strideX * pixel;
  const vectors = (<usize> (wide & ~3)) << 2;
  const isNine = filterRows == 3 && filterColumns == 3;
  for (let task = begin; task < end; task++) {
    const image = task / bands, firstRow = (task % bands) * bandRows;
    const rows = min(bandRows, outHeight - firstRow);
    copyPadded(
      x + <usize> image * imageBytes,
      height,
      width,
      channels,
      top,
      left,
      spreadY,
      spreadX,
      firstRow * strideY,
      (rows - 1) * strideY + reach,
      paddedWidth,
      times,
      scratch,
    );
    for (let row = 0; row < rows; row++) {
      const source = scratch + <usize> (row * strideY) * paddedRow;
      const target = y + <usize> ((image * outHeight + firstRow + row) * outWidth) * pixel;
      let c: usize = 0;
      for (; c < vectors; c += 16) {
        const start = bias == 0 ? f32x4.splat(0) : v128.load(bias + c);
        const w = filter + c;
        let p0 = source + c, to = target + c;
        if (isNine) {
          nineTaps(
            p0,
            rowStep,
            tapStep,
            pixelStep,
            w,
            pixel,
            start,
            activation,
            to,
            outWidth,
          );
          continue;
        }
        for (let column = 0; column < outWidth; column++, p0 += pixelStep, to += pixel) {
          let sum = start, tap = w;
          for (let i = 0, line = p0; i < filterRows; i++, line += rowStep) {
            for (let j = 0, p = line; j < filterColumns; j++, p += tapStep, tap += pixel) {
              sum = f32x4.relaxed_madd(v128.load(p), v128.load(tap), sum);
            }
          }
          v128.store(to, fuse(sum, activation));
        }
      }
      for (; c < pixel; c += 4) {
        let p0 = source + c, to = target + c;
        for (let column = 0; column < outWidth; column++, p0 += pixelStep, to += pixel) {
          let sum: v128 = bias == 0 ? f32x4.splat(0) : v128.load32_splat(bias + c);
          let tap = filter + c;
          for (let i = 0, line = p0; i < filterRows; i++, line += rowStep) {
            for (let j = 0, p = line; j < filterColumns; j++, p += tapStep, tap += pixel) {
              sum = f32x4.relaxed_madd(v128.load32_splat(p), v128.load32_splat(tap), sum);
            }
          }
          v128.store32_lane(to, fuse(sum, activation), 0);
        }
      }
    }
  }
}

/** A row of results of four channels, 3 × 3. */
function nineTaps(
  p0: usize,
  rowStep: usize,
  tapStep: usize,
  pixelStep: usize,
  w: usize,
  pixel: usize,
  start: v128,
  activation: i32,
  to: usize,
  columns: i32,
): void {
  const w0 = v128.load(w), w1 = v128.load(w + pixel), w2 = v128.load(w + 2 * pixel);
  const w3 = v128.load(w + 3 * pixel), w4 = v128.load(w + 4 * pixel), w5 = v128.load(w + 5 * pixel);
  const w6 = v128.load(w + 6 * pixel), w7 = v128.load(w + 7 * pixel), w8 = v128.load(w + 8 * pixel);
  const double = 2 * tapStep;
  for (let column = 0; column < columns; column++, p0 += pixelStep, to += pixel) {
    const p1 = p0 + rowStep, p2 = p1 + rowStep;
    let a = f32x4.relaxed_madd(v128.load(p0), w0, start);
    let b = f32x4.mul(v128.load(p1), w3);
    let c = f32x4.mul(v128.load(p2), w6);
    a = f32x4.relaxed_madd(v128.load(p0 + tapStep), w1, a);
    b = f32x4.relaxed_madd(v128.load(p1 + tapStep), w4, b);
    c = f32x4.relaxed_madd(v128.load(p2 + tapStep), w7, c);
    a = f32x4.relaxed_madd(v128.load(p0 + double), w2, a);
    b = f32x4.relaxed_madd(v128.load(p1 + double), w5, b);
    c = f32x4.relaxed_madd(v128.load(p2 + double), w8, c);
    v128.store(to, fuse(f32x4.add(f32x4.add(a, b), c), activation));
  }
}

/**
 * Sums of the filter's gradient over groups of images.
 * ints: x, dy, sums [groups][filterRows][filterColumns][wide], height, width, channels, times, top, left,
 *   paddedWidth, filterRows, filterColumns, outHeight, outWidth, strideY, strideX, images, images of a group,
 *   rows of a band
 */
export function depthwiseFilterGradient(args: usize, begin: i32, end: i32, scratch: usize): void {
  const x = load<usize>(args), dy = load<usize>(args, 4), sums = load<usize>(args, 8);
  const height = load<i32>(args, 12), width = load<i32>(args, 16), channels = load<i32>(args, 20);
  const times = load<i32>(args, 24);
  const top = load<i32>(args, 28), left = load<i32>(args, 32);
  const paddedWidth = load<i32>(args, 36);
  const filterRows = load<i32>(args, 40), filterColumns = load<i32>(args, 44);
  const outHeight = load<i32>(args, 48), outWidth = load<i32>(args, 52);
  const strideY = load<i32>(args, 56), strideX = load<i32>(args, 60);
  const images = load<i32>(args, 64),
    groupSize = load<i32>(args, 68),
    bandRows = load<i32>(args, 72);
  const wide = channels * times;
  const pixel = (<usize> wide) << 2, paddedRow = <usize> paddedWidth * pixel;
  const imageBytes = (<usize> height * width * channels) << 2;
  const sumBytes = <usize> (filterRows * filterColumns) * pixel;
  const outRow = <usize> outWidth * pixel;
  const vectors = (<usize> (wide & ~3)) << 2;
  const isNine = filterRows == 3 && filterColumns == 3;
  const blockRows = max(1, CACHED_BYTES / (<i32> paddedRow * strideY));
  for (let group = begin; group < end; group++) {
    const sum = sums + <usize> group * sumBytes;
    memory.fill(sum, 0, sumBytes);
    const lastImage = min(images, (group + 1) * groupSize);
    for (let image = group * groupSize; image < lastImage; image++) {
      for (let first = 0; first < outHeight; first += bandRows) {
        const rows = min(bandRows, outHeight - first);
        copyPadded(
          x + <usize> image * imageBytes,
          height,
          width,
          channels,
          top,
          left,
          1,
          1,
          first * strideY,
          (rows - 1) * strideY + filterRows,
          paddedWidth,
          times,
          scratch,
        );
        for (let block = 0; block < rows; block += blockRows) {
          const count = min(blockRows, rows - block);
          const source = scratch + <usize> (block * strideY) * paddedRow;
          const gradients = dy + <usize> (image * outHeight + first + block) * outRow;
          let c: usize = 0;
          for (; c < vectors; c += 16) {
            if (isNine) {
              nineSums(
                source + c,
                <usize> strideY * paddedRow,
                paddedRow,
                pixel,
                <usize> strideX * pixel,
                gradients + c,
                outRow,
                count,
                outWidth,
                sum + c,
              );
              continue;
            }
            for (let i = 0; i < filterRows; i++) {
              for (let j = 0; j < filterColumns; j++) {
                const at = sum + <usize> (i * filterColumns + j) * pixel + c;
                let total = v128.load(at);
                for (let r = 0; r < count; r++) {
                  let p = source + <usize> (r * strideY + i) * paddedRow + <usize> j * pixel + c;
                  let d = gradients + <usize> r * outRow + c;
                  for (let column = 0; column < outWidth; column++) {
                    total = f32x4.relaxed_madd(v128.load(p), v128.load(d), total);
                    p += <usize> strideX * pixel;
                    d += pixel;
                  }
                }
                v128.store(at, total);
              }
            }
          }
          for (; c < pixel; c += 4) {
            for (let i = 0; i < filterRows; i++) {
              for (let j = 0; j < filterColumns; j++) {
                const at = sum + <usize> (i * filterColumns + j) * pixel + c;
                let total = load<f32>(at);
                for (let r = 0; r < count; r++) {
                  let p = source + <usize> (r * strideY + i) * paddedRow + <usize> j * pixel + c;
                  let d = gradients + <usize> r * outRow + c;
                  for (let column = 0; column < outWidth; column++) {
                    total += load<f32>(p) * load<f32>(d);
                    p += <usize> strideX * pixel;
                    d += pixel;
                  }
                }
                store<f32>(at, total);
              }
            }
          }
        }
      }
    }
  }
}

/** Adds the nine sums of four channels over a block of rows. */
function nineSums(
  source: usize,
  sourceStep: usize,
  line: usize,
  pixel: usize,
  step: usize,
  dy: usize,
  outRow: usize,
  rows: i32,
  columns: i32,
  sum: usize,
): void {
  let s0 = v128.load(sum), s1 = v128.load(sum + pixel), s2 = v128.load(sum + 2 * pixel);
  let s3 = v128.load(sum + 3 * pixel),
    s4 = v128.load(sum + 4 * pixel),
    s5 = v128.load(sum + 5 * pixel);
  let s6 = v128.load(sum + 6 * pixel),
    s7 = v128.load(sum + 7 * pixel),
    s8 = v128.load(sum + 8 * pixel);
  const double = 2 * pixel;
  for (let r = 0; r < rows; r++, source += sourceStep, dy += outRow) {
    let p0 = source, d = dy;
    for (let column = 0; column < columns; column++, p0 += step, d += pixel) {
      const p1 = p0 + line, p2 = p1 + line;
      const g = v128.load(d);
      s0 = f32x4.relaxed_madd(v128.load(p0), g, s0);
      s1 = f32x4.relaxed_madd(v128.load(p0 + pixel), g, s1);
      s2 = f32x4.relaxed_madd(v128.load(p0 + double), g, s2);
      s3 = f32x4.relaxed_madd(v128.load(p1), g, s3);
      s4 = f32x4.relaxed_madd(v128.load(p1 + pixel), g, s4);
      s5 = f32x4.relaxed_madd(v128.load(p1 + double), g, s5);
      s6 = f32x4.relaxed_madd(v128.load(p2), g, s6);
      s7 = f32x4.relaxed_madd(v128.load(p2 + pixel), g, s7);
      s8 = f32x4.relaxed_madd(v128.load(p2 + double), g, s8);
    }
  }
  v128.store(sum, s0);
  v128.store(sum + pixel, s1);
  v128.store(sum + 2 * pixel, s2);
  v128.store(sum + 3 * pixel, s3);
  v128.store(sum + 4 * pixel, s4);
  v128.store(sum + 5 * pixel, s5);
  v128.store(sum + 6 * pixel, s6);
  v128.store(sum + 7 * pixel, s7);
  v128.store(sum + 8 * pixel, s8);
}

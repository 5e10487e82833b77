// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// deno-fmt-ignore-file It would leave out the decorators, which AssemblyScript needs.
// Two-dimensional convolution, channels last, without im2col.
//
// A band of rows of an image, most often all of it, is first copied into the thread's scratch with its
// padding, 4 KiB to 150 KiB: from then on no border is special. With dilation 1 the taps of one filter row and their channels lie in a row in memory,
// `run` = filter width × channels values, and so do the filter's own values: a dot product over `run`.
//
// convolve:   6 (or 4) output pixels × 8 filters in 12 (8) registers; for every filter row, for every value of
//             the run: 6 broadcast loads, 2 loads of the filter, 12 fused multiply-adds. The filter (at most
//             a few 10 KiB) and the image stay in the first- and second-level cache.
// filterGrad: the same with the roles changed: 4 values of the run × 8 filters of the gradient in 8
//             registers, summed over the output pixels of a block of rows (about 128 pixels, so that
//             image and gradient rows stay in the first-level cache), then added to the task's sum.
//             A task is a fixed group of images with a sum of its own; `sumRows` adds these up in
//             order, so the result does not depend on the threads.
// Filters come in eights: the caller pads them with zeros where their number is not a multiple of 8.

/**
 * Copies rows firstRow … firstRow + rows − 1 of an image as it is with its padding, with `spreadY` − 1 rows and
 * `spreadX` − 1 pixels of zeros between its own, and each channel `times` times.
 */

@global
function copyPadded(
  source: usize,
  height: i32,
  width: i32,
  channels: i32,
  top: i32,
  left: i32,
  spreadY: i32,
  spreadX: i32,
  firstRow: i32,
  rows: i32,
  paddedWidth: i32,
  times: i32,
  target: usize,
): void {
  const row = (<usize> width * channels) << 2;
  const pixel = (<usize> channels) << 2, wide = pixel * <usize> times;
  const paddedRow = <usize> paddedWidth * wide;
  const isWhole = spreadX == 1 && times == 1 && left >= 0 && left + width <= paddedWidth;
  for (let r = 0; r < rows; r++) {
    const to = target + <usize> r * paddedRow;
    const spread = firstRow + r - top;
    const y = spread / spreadY;
    if (spread < 0 || spread % spreadY != 0 || y >= height) {
      memory.fill(to, 0, paddedRow);
      continue;
    }
    const from = source + <usize> y * row;
    if (isWhole) {
      const before = <usize> left * pixel;
      memory.fill(to, 0, before);
      memory.copy(to + before, from, row);
      memory.fill(to + before + row, 0, paddedRow - before - row);
      continue;
    }
    memory.fill(to, 0, paddedRow);
    for (let x = 0; x < width; x++) {
      const toX = left + x * spreadX;
      if (toX < 0 || toX >= paddedWidth) continue;
      const place = to + <usize> toX * wide, origin = from + <usize> x * pixel;
      if (times == 1) {
        memory.copy(place, origin, pixel);
        continue;
      }
      for (let c = 0; c < channels; c++) {
        const value = load<f32>(origin + ((<usize> c) << 2));
        for (let m = 0; m < times; m++) store<f32>(place + ((<usize> (c * times + m)) << 2), value);
      }
    }
  }
}

/**
 * Convolves bands of rows of images.
 * ints: x, filter [filterRows][run][filters], y, height, width, channels, top, left, steps of y in values from
 *   one pixel to the next, from one row, from one image, paddedWidth, filterRows, run, outHeight, outWidth,
 *   filters (a multiple of 8), strideY, strideX, bias (0: none), activation (0 none, 1 ReLU, 2 ReLU6), bands of
 *   an image, rows of a band
 */
export function convolve(
  args: usize,
  begin: i32,
  end: i32,
  scratch: usize,
): void {
  const x = load<usize>(args);
  const filter = load<usize>(args, 4);
  const y = load<usize>(args, 8);
  const height = load<i32>(args, 12),
    width = load<i32>(args, 16),
    channels = load<i32>(args, 20);
  const top = load<i32>(args, 24),
    left = load<i32>(args, 28);
  const stepPixel = load<i32>(args, 32),
    stepRow = load<i32>(args, 36),
    stepImage = load<i32>(args, 40);
  const paddedWidth = load<i32>(args, 44);
  const filterRows = load<i32>(args, 48), run = load<i32>(args, 52);
  const outHeight = load<i32>(args, 56), outWidth = load<i32>(args, 60);
  const filters = load<i32>(args, 64);
  const strideY = load<i32>(args, 68), strideX = load<i32>(args, 72);
  const bias = load<usize>(args, 76);
  const activation = load<i32>(args, 80);
  const bands = load<i32>(args, 84), bandRows = load<i32>(args, 88);

  const imageBytes = (<usize> height * width * channels) << 2;
  const paddedRow = (<usize> paddedWidth * channels) << 2;
  const pixelStep = (<usize> strideX * channels) << 2;
  const outPixel = (<usize> stepPixel) << 2, outRow = (<usize> stepRow) << 2;
  const filterStep = (<usize> filters) << 2;
  const filterRowBytes = (<usize> run * filters) << 2;
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
      1,
      1,
      firstRow * strideY,
      (rows - 1) * strideY + filterRows,
      paddedWidth,
      1,
      scratch,
    );
    let out = y + (<usize> image * stepImage << 2) + <usize> firstRow * outRow;
    for (let row = 0; row < rows; row++) {
      // Rows of the filter that see nothing but padding are left out.
      const above = (firstRow + row) * strideY - top;
      const firstTap = max(0, -above), taps = max(0, min(filterRows, height - above) - firstTap);
      const from = scratch + <usize> (row * strideY + firstTap) * paddedRow;
      const seen = filter + <usize> firstTap * filterRowBytes;
      // Eight filters at a time go along a whole row, so that they stay in the first-level cache.
      for (let f = 0; f < filters; f += 8) {
        const at = (<usize> f) << 2;
        const biasAt = bias == 0 ? 0 : bias + at;
        let pixels = from, to = out + at;
        let column = 0;
        while (column + 4 <= outWidth) {
          // In sixes, but for what fours fill better.
          const left = outWidth - column, taken = left == 6 || left == 7 || left >= 10 ? 6 : 4;
          if (taken == 6) {
            convolve6(
              pixels,
              pixelStep,
              paddedRow,
              seen + at,
              filterStep,
              filterRowBytes,
              taps,
              run,
              biasAt,
              activation,
              to,
              outPixel,
            );
          } else {
            convolve4(
              pixels,
              pixelStep,
              paddedRow,
              seen + at,
              filterStep,
              filterRowBytes,
              taps,
              run,
              biasAt,
              activation,
              to,
              outPixel,
            );
          }
          pixels += <usize> taken * pixelStep;
          to += <usize> taken * outPixel;
          column += taken;
        }
        for (; column < outWidth; column++) {
          convolve1(
            pixels,
            paddedRow,
            seen + at,
            filterStep,
            filterRowBytes,
            taps,
            run,
            biasAt,
            activation,
            to,
          );
          pixels += pixelStep;
          to += outPixel;
        }
      }
      out += outRow;
    }
  }
}

function activate(value: v128, activation: i32): v128 {
  if (activation == 0) return value;
  const positive = f32x4.max(value, f32x4.splat(0));
  return activation == 1 ? positive : f32x4.min(positive, f32x4.splat(6));
}

/** 4 output pixels × 8 filters. */
function convolve4(
  pixels: usize,
  step: usize,
  paddedRow: usize,
  filter: usize,
  filterStep: usize,
  filterRowBytes: usize,
  filterRows: i32,
  run: i32,
  bias: usize,
  activation: i32,
  out: usize,
  outStep: usize,
): void {
  let c00 = f32x4.splat(0), c01 = c00;
  if (bias != 0) {
    c00 = v128.load(bias);
    c01 = v128.load(bias, 16);
  }
  let c10 = c00, c11 = c01, c20 = c00, c21 = c01, c30 = c00, c31 = c01;
  for (let r = 0; r < filterRows; r++) {
    let p0 = pixels + <usize> r * paddedRow;
    let p1 = p0 + step, p2 = p1 + step, p3 = p2 + step;
    let w = filter + <usize> r * filterRowBytes;
    for (
      const last = p0 + ((<usize> run) << 2);
      p0 < last;
      p0 += 4, p1 += 4, p2 += 4, p3 += 4
    ) {
      const w0 = v128.load(w), w1 = v128.load(w, 16);
      let s = v128.load_splat<f32>(p0);
      c00 = f32x4.relaxed_madd(s, w0, c00);
      c01 = f32x4.relaxed_madd(s, w1, c01);
      s = v128.load_splat<f32>(p1);
      c10 = f32x4.relaxed_madd(s, w0, c10);
      c11 = f32x4.relaxed_madd(s, w1, c11);
      s = v128.load_splat<f32>(p2);
      c20 = f32x4.relaxed_madd(s, w0, c20);
      c21 = f32x4.relaxed_madd(s, w1, c21);
      s = v128.load_splat<f32>(p3);
      c30 = f32x4.relaxed_madd(s, w0, c30);
      c31 = f32x4.relaxed_madd(s, w1, c31);
      w += filterStep;
    }
  }
  v128.store(out, activate(c00, activation));
  v128.store(out, activate(c01, activation), 16);
  v128.store(out + outStep, activate(c10, activation));
  v128.store(out + outStep, activate(c11, activation), 16);
  v128.store(out + 2 * outStep, activate(c20, activation));
  v128.store(out + 2 * outStep, activate(c21, activation), 16);
  v128.store(out + 3 * outStep, activate(c30, activation));
  v128.store(out + 3 * outStep, activate(c31, activation), 16);
}

/** The same for 6 output pixels: twelve sums, which wait for one another less than eight. */
function convolve6(
  pixels: usize,
  step: usize,
  paddedRow: usize,
  filter: usize,
  filterStep: usize,
  filterRowBytes: usize,
  filterRows: i32,
  run: i32,
  bias: usize,
  activation: i32,
  out: usize,
  outStep: usize,
): void {
  let c00 = f32x4.splat(0), c01 = c00;
  if (bias != 0) {
    c00 = v128.load(bias);
    c01 = v128.load(bias, 16);
  }
  let c10 = c00, c11 = c01, c20 = c00, c21 = c01, c30 = c00, c31 = c01;
  let c40 = c00, c41 = c01, c50 = c00, c51 = c01;
  for (let r = 0; r < filterRows; r++) {
    let p0 = pixels + <usize> r * paddedRow;
    let p1 = p0 + step, p2 = p1 + step, p3 = p2 + step, p4 = p3 + step, p5 = p4 + step;
    let w = filter + <usize> r * filterRowBytes;
    for (
      const last = p0 + ((<usize> run) << 2);
      p0 < last;
      p0 += 4, p1 += 4, p2 += 4, p3 += 4, p4 += 4, p5 += 4
    ) {
      const w0 = v128.load(w), w1 = v128.load(w, 16);
      let s = v128.load_splat<f32>(p0);
      c00 = f32x4.relaxed_madd(s, w0, c00);
      c01 = f32x4.relaxed_madd(s, w1, c01);
      s = v128.load_splat<f32>(p1);
      c10 = f32x4.relaxed_madd(s, w0, c10);
      c11 = f32x4.relaxed_madd(s, w1, c11);
      s = v128.load_splat<f32>(p2);
      c20 = f32x4.relaxed_madd(s, w0, c20);
      c21 = f32x4.relaxed_madd(s, w1, c21);
      s = v128.load_splat<f32>(p3);
      c30 = f32x4.relaxed_madd(s, w0, c30);
      c31 = f32x4.relaxed_madd(s, w1, c31);
      s = v128.load_splat<f32>(p4);
      c40 = f32x4.relaxed_madd(s, w0, c40);
      c41 = f32x4.relaxed_madd(s, w1, c41);
      s = v128.load_splat<f32>(p5);
      c50 = f32x4.relaxed_madd(s, w0, c50);
      c51 = f32x4.relaxed_madd(s, w1, c51);
      w += filterStep;
    }
  }
  v128.store(out, activate(c00, activation));
  v128.store(out, activate(c01, activation), 16);
  v128.store(out + outStep, activate(c10, activation));
  v128.store(out + outStep, activate(c11, activation), 16);
  v128.store(out + 2 * outStep, activate(c20, activation));
  v128.store(out + 2 * outStep, activate(c21, activation), 16);
  v128.store(out + 3 * outStep, activate(c30, activation));
  v128.store(out + 3 * outStep, activate(c31, activation), 16);
  v128.store(out + 4 * outStep, activate(c40, activation));
  v128.store(out + 4 * outStep, activate(c41, activation), 16);
  v128.store(out + 5 * outStep, activate(c50, activation));
  v128.store(out + 5 * outStep, activate(c51, activation), 16);
}

/** 1 output pixel × 8 filters. */
function convolve1(
  pixels: usize,
  paddedRow: usize,
  filter: usize,
  filterStep: usize,
  filterRowBytes: usize,
  filterRows: i32,
  run: i32,
  bias: usize,
  activation: i32,
  out: usize,
): void {
  let c0 = f32x4.splat(0), c1 = c0;
  if (bias != 0) {
    c0 = v128.load(bias);
    c1 = v128.load(bias, 16);
  }
  for (let r = 0; r < filterRows; r++) {
    let p = pixels + <usize> r * paddedRow;
    let w = filter + <usize> r * filterRowBytes;
    for (
      const last = p + ((<usize> run) << 2);
      p < last;
      p += 4, w += filterStep
    ) {
      const s = v128.load_splat<f32>(p);
      c0 = f32x4.relaxed_madd(s, v128.load(w), c0);
      c1 = f32x4.relaxed_madd(s, v128.load(w, 16), c1);
    }
  }
  v128.store(out, activate(c0, activation));
  v128.store(out, activate(c1, activation), 16);
}

/** Output pixels of a block of rows whose sums are kept in registers. */
const BLOCK_PIXELS: i32 = 128;

/**
 * Sums of the filter gradient over groups of images: groups begin … end − 1.
 * ints: x, dy [images][outHeight][outWidth][filters], sums [groups][filterRows][run][filters], height,
 *   width, channels, top, left, rows of a band (a multiple of the block's, or all), paddedWidth, filterRows,
 *   run, outHeight, outWidth, filters (a multiple of 8), strideY, strideX, images, images in a group
 */
export function filterGradient(
  args: usize,
  begin: i32,
  end: i32,
  scratch: usize,
): void {
  const x = load<usize>(args);
  const dy = load<usize>(args, 4);
  const sums = load<usize>(args, 8);
  const height = load<i32>(args, 12),
    width = load<i32>(args, 16),
    channels = load<i32>(args, 20);
  const top = load<i32>(args, 24), left = load<i32>(args, 28);
  const bandRows = load<i32>(args, 32), paddedWidth = load<i32>(args, 36);
  const filterRows = load<i32>(args, 40), run = load<i32>(args, 44);
  const outHeight = load<i32>(args, 48), outWidth = load<i32>(args, 52);
  const filters = load<i32>(args, 56);
  const strideY = load<i32>(args, 60), strideX = load<i32>(args, 64);
  const images = load<i32>(args, 68), groupSize = load<i32>(args, 72);

  const imageBytes = (<usize> height * width * channels) << 2;
  const paddedRow = (<usize> paddedWidth * channels) << 2;
  const pixelStep = (<usize> strideX * channels) << 2;
  const dyPixel = (<usize> filters) << 2;
  const dyRow = <usize> outWidth * dyPixel;
  const sumBytes = <usize> filterRows * run * dyPixel;
  const blockRows = max(1, BLOCK_PIXELS / outWidth);
  for (let group = begin; group < end; group++) {
    const sum = sums + <usize> group * sumBytes;
    memory.fill(sum, 0, sumBytes);
    const lastImage = min(images, (group + 1) * groupSize);
    for (let image = group * groupSize; image < lastImage; image++) {
      const gradients = dy + <usize> image * <usize> outHeight * dyRow;
      for (let row = 0; row < outHeight; row += blockRows) {
        const inBand = row % bandRows;
        if (inBand == 0) {
          copyPadded(
            x + <usize> image * imageBytes,
            height,
            width,
            channels,
            top,
            left,
            1,
            1,
            row * strideY,
            (min(bandRows, outHeight - row) - 1) * strideY + filterRows,
            paddedWidth,
            1,
            scratch,
          );
        }
        const rows = min(blockRows, outHeight - row);
        for (let r = 0; r < filterRows; r++) {
          const pixels = scratch + <usize> (inBand * strideY + r) * paddedRow;
          let to = sum + <usize> r * run * dyPixel;
          let k = 0;
          while (k + 4 <= run) {
            const left = run - k, taken = left == 6 || left == 7 || left >= 10 ? 6 : 4;
            for (let f = 0; f < filters; f += 8) {
              const at = (<usize> f) << 2;
              if (taken == 6) {
              filterGradient6(
                pixels + ((<usize> k) << 2),
                pixelStep,
                <usize> strideY * paddedRow,
                gradients + <usize> row * dyRow + at,
                dyPixel,
                rows,
                outWidth,
                to + at,
              );
              } else {
              filterGradient4(
                pixels + ((<usize> k) << 2),
                pixelStep,
                <usize> strideY * paddedRow,
                gradients + <usize> row * dyRow + at,
                dyPixel,
                rows,
                outWidth,
                to + at,
              );
              }
            }
            k += taken;
            to += <usize> taken * dyPixel;
          }
          for (; k < run; k++, to += dyPixel) {
            for (let f = 0; f < filters; f += 8) {
              const at = (<usize> f) << 2;
              filterGradient1(
                pixels + ((<usize> k) << 2),
                pixelStep,
                <usize> strideY * paddedRow,
                gradients + <usize> row * dyRow + at,
                dyPixel,
                rows,
                outWidth,
                to + at,
              );
            }
          }
        }
      }
    }
  }
}

/** Adds 4 values of the run × 8 filters, summed over a block of output pixels, to `to`. */
function filterGradient4(
  pixels: usize,
  step: usize,
  rowStep: usize,
  dy: usize,
  dyPixel: usize,
  rows: i32,
  columns: i32,
  to: usize,
): void {
  let c00 = v128.load(to), c01 = v128.load(to, 16);
  let c10 = v128.load(to + dyPixel), c11 = v128.load(to + dyPixel, 16);
  let c20 = v128.load(to + 2 * dyPixel), c21 = v128.load(to + 2 * dyPixel, 16);
  let c30 = v128.load(to + 3 * dyPixel), c31 = v128.load(to + 3 * dyPixel, 16);
  for (let row = 0; row < rows; row++, pixels += rowStep) {
    let p = pixels;
    for (let column = 0; column < columns; column++, p += step, dy += dyPixel) {
      const d0 = v128.load(dy), d1 = v128.load(dy, 16);
      let s = v128.load_splat<f32>(p);
      c00 = f32x4.relaxed_madd(s, d0, c00);
      c01 = f32x4.relaxed_madd(s, d1, c01);
      s = v128.load_splat<f32>(p, 4);
      c10 = f32x4.relaxed_madd(s, d0, c10);
      c11 = f32x4.relaxed_madd(s, d1, c11);
      s = v128.load_splat<f32>(p, 8);
      c20 = f32x4.relaxed_madd(s, d0, c20);
      c21 = f32x4.relaxed_madd(s, d1, c21);
      s = v128.load_splat<f32>(p, 12);
      c30 = f32x4.relaxed_madd(s, d0, c30);
      c31 = f32x4.relaxed_madd(s, d1, c31);
    }
  }
  v128.store(to, c00);
  v128.store(to, c01, 16);
  v128.store(to + dyPixel, c10);
  v128.store(to + dyPixel, c11, 16);
  v128.store(to + 2 * dyPixel, c20);
  v128.store(to + 2 * dyPixel, c21, 16);
  v128.store(to + 3 * dyPixel, c30);
  v128.store(to + 3 * dyPixel, c31, 16);
}

/** The same for 6 values of the run. */
function filterGradient6(
  pixels: usize,
  step: usize,
  rowStep: usize,
  dy: usize,
  dyPixel: usize,
  rows: i32,
  columns: i32,
  to: usize,
): void {
  let c00 = v128.load(to), c01 = v128.load(to, 16);
  let c10 = v128.load(to + dyPixel), c11 = v128.load(to + dyPixel, 16);
  let c20 = v128.load(to + 2 * dyPixel), c21 = v128.load(to + 2 * dyPixel, 16);
  let c30 = v128.load(to + 3 * dyPixel), c31 = v128.load(to + 3 * dyPixel, 16);
  let c40 = v128.load(to + 4 * dyPixel), c41 = v128.load(to + 4 * dyPixel, 16);
  let c50 = v128.load(to + 5 * dyPixel), c51 = v128.load(to + 5 * dyPixel, 16);
  for (let row = 0; row < rows; row++, pixels += rowStep) {
    let p = pixels;
    for (let column = 0; column < columns; column++, p += step, dy += dyPixel) {
      const d0 = v128.load(dy), d1 = v128.load(dy, 16);
      let s = v128.load_splat<f32>(p);
      c00 = f32x4.relaxed_madd(s, d0, c00);
      c01 = f32x4.relaxed_madd(s, d1, c01);
      s = v128.load_splat<f32>(p, 4);
      c10 = f32x4.relaxed_madd(s, d0, c10);
      c11 = f32x4.relaxed_madd(s, d1, c11);
      s = v128.load_splat<f32>(p, 8);
      c20 = f32x4.relaxed_madd(s, d0, c20);
      c21 = f32x4.relaxed_madd(s, d1, c21);
      s = v128.load_splat<f32>(p, 12);
      c30 = f32x4.relaxed_madd(s, d0, c30);
      c31 = f32x4.relaxed_madd(s, d1, c31);
      s = v128.load_splat<f32>(p, 16);
      c40 = f32x4.relaxed_madd(s, d0, c40);
      c41 = f32x4.relaxed_madd(s, d1, c41);
      s = v128.load_splat<f32>(p, 20);
      c50 = f32x4.relaxed_madd(s, d0, c50);
      c51 = f32x4.relaxed_madd(s, d1, c51);
    }
  }
  v128.store(to, c00);
  v128.store(to, c01, 16);
  v128.store(to + dyPixel, c10);
  v128.store(to + dyPixel, c11, 16);
  v128.store(to + 2 * dyPixel, c20);
  v128.store(to + 2 * dyPixel, c21, 16);
  v128.store(to + 3 * dyPixel, c30);
  v128.store(to + 3 * dyPixel, c31, 16);
  v128.store(to + 4 * dyPixel, c40);
  v128.store(to + 4 * dyPixel, c41, 16);
  v128.store(to + 5 * dyPixel, c50);
  v128.store(to + 5 * dyPixel, c51, 16);
}

/** The same for 1 value of the run. */
function filterGradient1(
  pixels: usize,
  step: usize,
  rowStep: usize,
  dy: usize,
  dyPixel: usize,
  rows: i32,
  columns: i32,
  to: usize,
): void {
  let c0 = v128.load(to), c1 = v128.load(to, 16);
  for (let row = 0; row < rows; row++, pixels += rowStep) {
    let p = pixels;
    for (let column = 0; column < columns; column++, p += step, dy += dyPixel) {
      const s = v128.load_splat<f32>(p);
      c0 = f32x4.relaxed_madd(s, v128.load(dy), c0);
      c1 = f32x4.relaxed_madd(s, v128.load(dy, 16), c1);
    }
  }
  v128.store(to, c0);
  v128.store(to, c1, 16);
}

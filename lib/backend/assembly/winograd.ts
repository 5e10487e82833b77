// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// deno-fmt-ignore-file It would leave out the decorators, which AssemblyScript needs.
// 3 × 3 convolutions of stride 1 by Winograd's F(4 × 4, 3 × 3) (Lavin & Gray 2016, arXiv 1509.09308): a tile
// of 4 × 4 results from 6 × 6 values takes 36 products where the definition takes 144, for each pair of
// channel and filter. The filter's gradient is F(3 × 3, 4 × 4) over the same points 0, ±1, ±2, ∞: the same
// transform of the images, and sums over all tiles before one inverse transform.
//
// A block of tiles is transformed into the thread's scratch as 36 matrices [tiles][channels]; each is
// multiplied (products.ts) where it lies. Tiles are counted through all images, so that small images share
// a block. Channels come in fours, filters in eights.

/** Points of a transform, 6 × 6. */
const POINTS: i32 = 36;

/** One dimension of the images' transform, Bᵀ; `step` in bytes from one value to the next. */

@inline
function transformInput(from: usize, step: usize, to: usize, toStep: usize): void {
  const d0 = v128.load(from), d1 = v128.load(from + step), d2 = v128.load(from + 2 * step);
  const d3 = v128.load(from + 3 * step),
    d4 = v128.load(from + 4 * step),
    d5 = v128.load(from + 5 * step);
  const four = f32x4.splat(4), minusFour = f32x4.splat(-4), minusFive = f32x4.splat(-5);
  const even = f32x4.relaxed_madd(minusFour, d2, d4), odd = f32x4.relaxed_madd(minusFour, d1, d3);
  const near = f32x4.sub(d4, d2), far = f32x4.sub(d3, d1);
  const twice = f32x4.add(far, far);
  v128.store(to, f32x4.relaxed_madd(four, d0, f32x4.relaxed_madd(minusFive, d2, d4)));
  v128.store(to + toStep, f32x4.add(even, odd));
  v128.store(to + 2 * toStep, f32x4.sub(even, odd));
  v128.store(to + 3 * toStep, f32x4.add(near, twice));
  v128.store(to + 4 * toStep, f32x4.sub(near, twice));
  v128.store(to + 5 * toStep, f32x4.relaxed_madd(four, d1, f32x4.relaxed_madd(minusFive, d3, d5)));
}

/** Transforms a 6 × 6 patch into V[point][tile]. `row` and `pixel` are the patch's steps in bytes. */
function transformPatch(
  patch: usize,
  row: usize,
  pixel: usize,
  channels: i32,
  v: usize,
  pointStep: usize,
  temp: usize,
): void {
  for (let c: usize = 0, last = (<usize> channels) << 2; c < last; c += 16) {
    for (let x: usize = 0; x < 6; x++) {
      transformInput(patch + c + x * pixel, row, temp + (x << 4), 96);
    }
    for (let y: usize = 0; y < 6; y++) {
      transformInput(temp + y * 96, 16, v + c + 6 * y * pointStep, pointStep);
    }
  }
}

/**
 * V for tiles first … first + count − 1. A patch that reaches over the border is copied with zeros first.
 */
function transformTiles(
  x: usize,
  first: i32,
  count: i32,
  height: i32,
  width: i32,
  channels: i32,
  top: i32,
  left: i32,
  tilesY: i32,
  tilesX: i32,
  v: usize,
  pointStep: usize,
  temp: usize,
  border: usize,
): void {
  const pixel = (<usize> channels) << 2, row = <usize> width * pixel;
  const image = <usize> height * row;
  const tiles = tilesY * tilesX;
  for (let t = 0; t < count; t++) {
    const tile = first + t;
    const within = tile % tiles;
    const y = (within / tilesX) * 4 - top, z = (within % tilesX) * 4 - left;
    const source = x + <usize> (tile / tiles) * image;
    const to = v + <usize> t * pixel;
    if (y >= 0 && z >= 0 && y + 6 <= height && z + 6 <= width) {
      transformPatch(
        source + <usize> y * row + <usize> z * pixel,
        row,
        pixel,
        channels,
        to,
        pointStep,
        temp,
      );
      continue;
    }
    memory.fill(border, 0, 36 * pixel);
    const fromX = max(0, -z), toX = min(6, width - z);
    for (let r = max(0, -y), lastRow = min(6, height - y); r < lastRow; r++) {
      if (toX > fromX) {
        memory.copy(
          border + <usize> (6 * r + fromX) * pixel,
          source + <usize> (y + r) * row + <usize> (z + fromX) * pixel,
          <usize> (toX - fromX) * pixel,
        );
      }
    }
    transformPatch(border, 6 * pixel, pixel, channels, to, pointStep, temp);
  }
}

/** One dimension of the results' transform, Aᵀ: four values of six. */

@inline
function transformOutput(
  from: usize,
  step: usize,
  to: usize,
  toStep: usize,
  bias: v128,
  activation: i32,
): v128 {
  const m0 = v128.load(from), m1 = v128.load(from + step), m2 = v128.load(from + 2 * step);
  const m3 = v128.load(from + 3 * step),
    m4 = v128.load(from + 4 * step),
    m5 = v128.load(from + 5 * step);
  const sum = f32x4.add(m1, m2), difference = f32x4.sub(m1, m2);
  const sum2 = f32x4.add(m3, m4), difference2 = f32x4.sub(m3, m4);
  const y0 = f32x4.add(f32x4.add(m0, sum), sum2);
  const y1 = f32x4.relaxed_madd(f32x4.splat(2), difference2, difference);
  const y2 = f32x4.relaxed_madd(f32x4.splat(4), sum2, sum);
  const y3 = f32x4.add(f32x4.relaxed_madd(f32x4.splat(8), difference2, difference), m5);
  v128.store(to, fuse(f32x4.add(y0, bias), activation));
  v128.store(to + toStep, fuse(f32x4.add(y1, bias), activation));
  v128.store(to + 2 * toStep, fuse(f32x4.add(y2, bias), activation));
  v128.store(to + 3 * toStep, fuse(f32x4.add(y3, bias), activation));
  return f32x4.add(f32x4.add(y0, y1), f32x4.add(y2, y3));
}

/** Whether any of four values is infinite or NaN. */

@inline
function isWild(values: v128): bool {
  return v128.any_true(f32x4.ne(f32x4.sub(values, values), f32x4.splat(0)));
}

/**
 * Convolves blocks of tiles. ints: x, filter as `winogradFilter` makes it, y, tiles of all images, tiles of a
 *   task, height, width, channels, top, left, outHeight, outWidth, filters, tilesY, tilesX, bias (0: none),
 *   activation, address of a word that becomes 1 if a result is infinite or NaN (by the transforms, not only
 *   the results that the definition would give are)
 */
export function winogradConvolve(args: usize, begin: i32, end: i32, scratch: usize): void {
  const x = load<usize>(args), u = load<usize>(args, 4), y = load<usize>(args, 8);
  const tiles = load<i32>(args, 12), taskTiles = load<i32>(args, 16);
  const height = load<i32>(args, 20), width = load<i32>(args, 24), channels = load<i32>(args, 28);
  const top = load<i32>(args, 32), left = load<i32>(args, 36);
  const outHeight = load<i32>(args, 40),
    outWidth = load<i32>(args, 44),
    filters = load<i32>(args, 48);
  const tilesY = load<i32>(args, 52), tilesX = load<i32>(args, 56);
  const bias = load<usize>(args, 60), activation = load<i32>(args, 64);
  const flag = load<usize>(args, 68);
  const pixel = (<usize> channels) << 2, outPixel = (<usize> filters) << 2;
  const temp = scratch, border = temp + 36 * 16;
  const v = border + 36 * pixel;
  const vStep = <usize> taskTiles * pixel, mStep = <usize> taskTiles * outPixel;
  const m = v + POINTS * vStep;
  const panelBytes = pixel * <usize> filters;
  const perImage = tilesY * tilesX;
  const outRow = <usize> outWidth * outPixel;
  const none = f32x4.splat(0);
  // Zero as long as all results are finite.
  let wild = none;
  for (let task = begin; task < end; task++) {
    const first = task * taskTiles, count = min(taskTiles, tiles - first);
    transformTiles(
      x,
      first,
      count,
      height,
      width,
      channels,
      top,
      left,
      tilesY,
      tilesX,
      v,
      vStep,
      temp,
      border,
    );
    for (let point = 0; point < POINTS; point++) {
      rowsTimesPanels(
        v + <usize> point * vStep,
        pixel,
        count,
        channels,
        u + <usize> point * panelBytes,
        filters,
        m + <usize> point * mStep,
        outPixel,
        0,
        0,
      );
    }
    for (let t = 0; t < count; t++) {
      const tile = first + t;
      const within = tile % perImage;
      const row = (within / tilesX) * 4, column = (within % tilesX) * 4;
      const rows = min(4, outHeight - row), columns = min(4, outWidth - column);
      const from = m + <usize> t * outPixel;
      const to = y + <usize> (tile / perImage) * <usize> outHeight * outRow + <usize> row * outRow +
        <usize> column * outPixel;
      for (let k: usize = 0; k < outPixel; k += 16) {
        // Columns of points first, then the four rows; the bias enters last.
        for (let i: usize = 0; i < 6; i++) {
          transformOutput(from + k + i * mStep, 6 * mStep, temp + (i << 4), 96, none, 0);
        }
        const add = bias == 0 ? none : v128.load(bias + k);
        if (rows == 4 && columns == 4) {
          for (let i: usize = 0; i < 4; i++) {
            const sum = transformOutput(
              temp + i * 96,
              16,
              to + k + i * outRow,
              outPixel,
              add,
              activation,
            );
            wild = f32x4.add(wild, f32x4.sub(sum, sum));
          }
          continue;
        }
        for (let i = 0; i < rows; i++) {
          const sum = transformOutput(temp + <usize> i * 96, 16, border, 16, add, activation);
          wild = f32x4.add(wild, f32x4.sub(sum, sum));
          for (let j = 0; j < columns; j++) {
            v128.store(
              to + k + <usize> i * outRow + <usize> j * outPixel,
              v128.load(border + ((<usize> j) << 4)),
            );
          }
        }
      }
    }
  }
  if (isWild(wild)) store<i32>(flag, 1);
}

/** One dimension of the filters' transform, G: six values of three. */

@inline
function transformFilter(g0: v128, g1: v128, g2: v128, to: usize, step: usize): void {
  const sixth = f32x4.splat(-1.0 / 6.0), small = f32x4.splat(1.0 / 24.0);
  const outer = f32x4.add(g0, g2);
  const four = f32x4.add(g0, f32x4.mul(f32x4.splat(4), g2)), two = f32x4.add(g1, g1);
  v128.store(to, f32x4.mul(f32x4.splat(0.25), g0));
  v128.store(to + step, f32x4.mul(sixth, f32x4.add(outer, g1)));
  v128.store(to + 2 * step, f32x4.mul(sixth, f32x4.sub(outer, g1)));
  v128.store(to + 3 * step, f32x4.mul(small, f32x4.add(four, two)));
  v128.store(to + 4 * step, f32x4.mul(small, f32x4.sub(four, two)));
  v128.store(to + 5 * step, g2);
}

/**
 * Transforms a filter [3][3][channels][filters] into panels [36][filters / 8][channels][8].
 * ints: filter, target, channels, filters; a task is a panel
 */
export function winogradFilter(args: usize, begin: i32, end: i32, scratch: usize): void {
  const filter = load<usize>(args), target = load<usize>(args, 4);
  const channels = load<i32>(args, 8), filters = load<i32>(args, 12);
  const pixel = (<usize> filters) << 2, tap = <usize> channels * pixel;
  const pointStep = tap;
  for (let panel = begin; panel < end; panel++) {
    for (let c = 0; c < channels; c++) {
      for (let half: usize = 0; half < 32; half += 16) {
        const from = filter + <usize> c * pixel + ((<usize> panel) << 5) + half;
        for (let j: usize = 0; j < 3; j++) {
          transformFilter(
            v128.load(from + j * tap),
            v128.load(from + (3 + j) * tap),
            v128.load(from + (6 + j) * tap),
            scratch + (j << 4),
            48,
          );
        }
        const to = target + (<usize> panel * <usize> channels << 5) + ((<usize> c) << 5) + half;
        for (let i: usize = 0; i < 6; i++) {
          const row = scratch + 48 * i;
          transformFilter(
            v128.load(row),
            v128.load(row, 16),
            v128.load(row, 32),
            to + 6 * i * pointStep,
            pointStep,
          );
        }
      }
    }
  }
}

/** One dimension of the transform of gradients of results: six values of four. */

@inline
function transformGradient(d0: v128, d1: v128, d2: v128, d3: v128, to: usize, step: usize): void {
  const sixth = f32x4.splat(-1.0 / 6.0), small = f32x4.splat(1.0 / 24.0);
  const even = f32x4.add(d0, d2), odd = f32x4.add(d1, d3);
  const four = f32x4.add(d0, f32x4.mul(f32x4.splat(4), d2));
  const eight = f32x4.add(f32x4.add(d1, d1), f32x4.mul(f32x4.splat(8), d3));
  v128.store(to, f32x4.mul(f32x4.splat(0.25), d0));
  v128.store(to + step, f32x4.mul(sixth, f32x4.add(even, odd)));
  v128.store(to + 2 * step, f32x4.mul(sixth, f32x4.sub(even, odd)));
  v128.store(to + 3 * step, f32x4.mul(small, f32x4.add(four, eight)));
  v128.store(to + 4 * step, f32x4.mul(small, f32x4.sub(four, eight)));
  v128.store(to + 5 * step, d3);
}

/**
 * Sums over groups of tiles of the filter's gradient, transformed: sums [groups][36][channels][filters].
 * ints: x, dy, sums, tiles of all images, tiles of a group, tiles of a block, height, width, channels, top,
 *   left, outHeight, outWidth, filters, tilesY, tilesX
 */
export function winogradFilterSums(args: usize, begin: i32, end: i32, scratch: usize): void {
  const x = load<usize>(args), dy = load<usize>(args, 4), sums = load<usize>(args, 8);
  const tiles = load<i32>(args, 12),
    groupTiles = load<i32>(args, 16),
    blockTiles = load<i32>(args, 20);
  const height = load<i32>(args, 24), width = load<i32>(args, 28), channels = load<i32>(args, 32);
  const top = load<i32>(args, 36), left = load<i32>(args, 40);
  const outHeight = load<i32>(args, 44),
    outWidth = load<i32>(args, 48),
    filters = load<i32>(args, 52);
  const tilesY = load<i32>(args, 56), tilesX = load<i32>(args, 60);
  const pixel = (<usize> channels) << 2, outPixel = (<usize> filters) << 2;
  const temp = scratch, border = temp + 36 * 16;
  const v = border + 36 * pixel;
  const vStep = <usize> blockTiles * pixel, dStep = <usize> blockTiles * outPixel;
  const d = v + POINTS * vStep;
  const sumStep = <usize> channels * outPixel;
  const perImage = tilesY * tilesX;
  const outRow = <usize> outWidth * outPixel;
  const zero = f32x4.splat(0);
  for (let group = begin; group < end; group++) {
    const sum = sums + <usize> group * POINTS * sumStep;
    memory.fill(sum, 0, POINTS * sumStep);
    const last = min(tiles, (group + 1) * groupTiles);
    for (let first = group * groupTiles; first < last; first += blockTiles) {
      const count = min(blockTiles, last - first);
      transformTiles(
        x,
        first,
        count,
        height,
        width,
        channels,
        top,
        left,
        tilesY,
        tilesX,
        v,
        vStep,
        temp,
        border,
      );
      for (let t = 0; t < count; t++) {
        const tile = first + t;
        const within = tile % perImage;
        const row = (within / tilesX) * 4, column = (within % tilesX) * 4;
        const rows = min(4, outHeight - row), columns = min(4, outWidth - column);
        const from = dy + <usize> (tile / perImage) * <usize> outHeight * outRow +
          <usize> row * outRow +
          <usize> column * outPixel;
        const to = d + <usize> t * outPixel;
        for (let k: usize = 0; k < outPixel; k += 16) {
          for (let j = 0; j < 4; j++) {
            const at = from + k + <usize> j * outPixel;
            const within = j < columns;
            transformGradient(
              within && rows > 0 ? v128.load(at) : zero,
              within && rows > 1 ? v128.load(at + outRow) : zero,
              within && rows > 2 ? v128.load(at + 2 * outRow) : zero,
              within && rows > 3 ? v128.load(at + 3 * outRow) : zero,
              temp + ((<usize> j) << 4),
              64,
            );
          }
          for (let i: usize = 0; i < 6; i++) {
            const line = temp + 64 * i;
            transformGradient(
              v128.load(line),
              v128.load(line, 16),
              v128.load(line, 32),
              v128.load(line, 48),
              to + k + 6 * i * dStep,
              dStep,
            );
          }
        }
      }
      for (let point = 0; point < POINTS; point++) {
        addOuterProducts(
          v + <usize> point * vStep,
          channels,
          d + <usize> point * dStep,
          filters,
          count,
          sum + <usize> point * sumStep,
        );
      }
    }
  }
}

/** One dimension of the last transform: three values of six. */

@inline
function transformSums(from: usize, step: usize, to: usize, toStep: usize): v128 {
  const m0 = v128.load(from), m1 = v128.load(from + step), m2 = v128.load(from + 2 * step);
  const m3 = v128.load(from + 3 * step),
    m4 = v128.load(from + 4 * step),
    m5 = v128.load(from + 5 * step);
  const sum = f32x4.add(m1, m2), sum2 = f32x4.add(m3, m4);
  const y0 = f32x4.add(f32x4.add(m0, sum), sum2);
  const y1 = f32x4.relaxed_madd(f32x4.splat(2), f32x4.sub(m3, m4), f32x4.sub(m1, m2));
  const y2 = f32x4.add(f32x4.relaxed_madd(f32x4.splat(4), sum2, sum), m5);
  v128.store(to, y0);
  v128.store(to + toStep, y1);
  v128.store(to + 2 * toStep, y2);
  return f32x4.add(f32x4.add(y0, y1), y2);
}

/**
 * The filter's gradient [3][3][channels][filters] of its transformed sums [36][channels][filters].
 * ints: sums, target, channels, filters, address of a word that becomes 1 if a result is infinite or NaN; a
 *   task is a channel
 */
export function winogradFilterFinish(args: usize, begin: i32, end: i32, scratch: usize): void {
  const sums = load<usize>(args), target = load<usize>(args, 4);
  const channels = load<i32>(args, 8), filters = load<i32>(args, 12);
  const flag = load<usize>(args, 16);
  const row = (<usize> filters) << 2, step = <usize> channels * row;
  let wild = f32x4.splat(0);
  for (let c = begin; c < end; c++) {
    for (let k: usize = 0; k < row; k += 16) {
      const at = <usize> c * row + k;
      for (let i: usize = 0; i < 6; i++) {
        transformSums(sums + at + i * step, 6 * step, scratch + (i << 4), 96);
      }
      for (let i: usize = 0; i < 3; i++) {
        const sum = transformSums(scratch + 96 * i, 16, target + at + 3 * i * step, step);
        wild = f32x4.add(wild, f32x4.sub(sum, sum));
      }
    }
  }
  if (isWild(wild)) store<i32>(flag, 1);
}

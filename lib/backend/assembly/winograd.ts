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

/**
 * Bytes between the matrices of two points, so that steps of a power of two do not bring all points to the
 * same few places of the first-level cache.
 */
const APART: usize = 64;

/** One dimension of the images' transform, Bᵀ; six results, of which the first is kept as number `first`. */

@inline
function transformInput(
  d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, d5: v128, first: i32, to: usize, toStep: usize,
): void {
  const four = f32x4.splat(4), minusFour = f32x4.splat(-4), minusFive = f32x4.splat(-5);
  const even = f32x4.relaxed_madd(minusFour, d2, d4), odd = f32x4.relaxed_madd(minusFour, d1, d3);
  const near = f32x4.sub(d4, d2), far = f32x4.sub(d3, d1);
  const twice = f32x4.add(far, far);
  put(first, to, f32x4.relaxed_madd(four, d0, f32x4.relaxed_madd(minusFive, d2, d4)));
  put(first + 6, to + toStep, f32x4.add(even, odd));
  put(first + 12, to + 2 * toStep, f32x4.sub(even, odd));
  put(first + 18, to + 3 * toStep, f32x4.add(near, twice));
  put(first + 24, to + 4 * toStep, f32x4.sub(near, twice));
  put(first + 30, to + 5 * toStep, f32x4.relaxed_madd(four, d1, f32x4.relaxed_madd(minusFive, d3, d5)));
}

@inline
function columnOfInput(x: i32, from: usize, row: usize): void {
  transformInput(
    v128.load(from), v128.load(from + row), v128.load(from + 2 * row), v128.load(from + 3 * row),
    v128.load(from + 4 * row), v128.load(from + 5 * row), x, 0, 0,
  );
}

@inline
function rowOfInput(y: i32, to: usize, toStep: usize): void {
  transformInput(
    kept(6 * y), kept(6 * y + 1), kept(6 * y + 2), kept(6 * y + 3), kept(6 * y + 4), kept(6 * y + 5), 0,
    to, toStep,
  );
}

/** Transforms a 6 × 6 patch into V[point][tile]. `row` and `pixel` are the patch's steps in bytes. */
function transformPatch(
  patch: usize,
  row: usize,
  pixel: usize,
  channels: i32,
  v: usize,
  pointStep: usize,
): void {
  const line = 6 * pointStep;
  for (let c: usize = 0, last = (<usize> channels) << 2; c < last; c += 16) {
    const from = patch + c, to = v + c;
    columnOfInput(0, from, row);
    columnOfInput(1, from + pixel, row);
    columnOfInput(2, from + 2 * pixel, row);
    columnOfInput(3, from + 3 * pixel, row);
    columnOfInput(4, from + 4 * pixel, row);
    columnOfInput(5, from + 5 * pixel, row);
    rowOfInput(0, to, pointStep);
    rowOfInput(1, to + line, pointStep);
    rowOfInput(2, to + 2 * line, pointStep);
    rowOfInput(3, to + 3 * line, pointStep);
    rowOfInput(4, to + 4 * line, pointStep);
    rowOfInput(5, to + 5 * line, pointStep);
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
    transformPatch(border, 6 * pixel, pixel, channels, to, pointStep);
  }
}

/** One dimension of the results' transform, Aᵀ: four values of six; returns their sum. */

@inline
function transformOutput(
  m0: v128, m1: v128, m2: v128, m3: v128, m4: v128, m5: v128, first: i32, to: usize, toStep: usize,
  bias: v128, activation: i32,
): v128 {
  const sum = f32x4.add(m1, m2), difference = f32x4.sub(m1, m2);
  const sum2 = f32x4.add(m3, m4), difference2 = f32x4.sub(m3, m4);
  const y0 = f32x4.add(f32x4.add(m0, sum), sum2);
  const y1 = f32x4.relaxed_madd(f32x4.splat(2), difference2, difference);
  const y2 = f32x4.relaxed_madd(f32x4.splat(4), sum2, sum);
  const y3 = f32x4.add(f32x4.relaxed_madd(f32x4.splat(8), difference2, difference), m5);
  if (to == 0) {
    keep(first, y0);
    keep(first + 6, y1);
    keep(first + 12, y2);
    keep(first + 18, y3);
    return y0;
  }
  v128.store(to, fuse(f32x4.add(y0, bias), activation));
  v128.store(to + toStep, fuse(f32x4.add(y1, bias), activation));
  v128.store(to + 2 * toStep, fuse(f32x4.add(y2, bias), activation));
  v128.store(to + 3 * toStep, fuse(f32x4.add(y3, bias), activation));
  return f32x4.add(f32x4.add(y0, y1), f32x4.add(y2, y3));
}

@inline
function columnOfOutput(x: i32, from: usize, row: usize): void {
  transformOutput(
    v128.load(from), v128.load(from + row), v128.load(from + 2 * row), v128.load(from + 3 * row),
    v128.load(from + 4 * row), v128.load(from + 5 * row), x, 0, 0, f32x4.splat(0), 0,
  );
}

@inline
function rowOfOutput(y: i32, to: usize, toStep: usize, bias: v128, activation: i32): v128 {
  return transformOutput(
    kept(6 * y), kept(6 * y + 1), kept(6 * y + 2), kept(6 * y + 3), kept(6 * y + 4), kept(6 * y + 5), 0,
    to, toStep, bias, activation,
  );
}

/** Whether any of four values is infinite or NaN. */

@inline
function isWild(values: v128): bool {
  return v128.any_true(f32x4.ne(f32x4.sub(values, values), f32x4.splat(0)));
}

/**
 * Convolves blocks of tiles. ints: x, filter as `winogradFilter` makes it, y, tiles of all images, tiles of a
 *   task, height, width, channels, top, left, outHeight, outWidth, filters, tilesY, tilesX, bias (0: none),
 *   activation, by a BLAS (0 or 1; `u` is then plain), address of a word that becomes 1 if a result is infinite or NaN (by the transforms, not only
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
  const byBlas = load<i32>(args, 68) != 0, flag = load<usize>(args, 72);
  const pixel = (<usize> channels) << 2, outPixel = (<usize> filters) << 2;
  const border = scratch;
  const v = border + 36 * pixel;
  const vStep = <usize> taskTiles * pixel + APART, mStep = <usize> taskTiles * outPixel + APART;
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
      border,
    );
    for (let point: usize = 0; point < <usize> POINTS; point++) {
      const a = v + point * vStep, b = u + point * panelBytes, c = m + point * mStep;
      if (byBlas) blasRows(a, channels, b, filters, c, filters, count, filters, channels);
      else rowsTimesPanels(a, pixel, count, channels, b, filters, c, outPixel, 0, 0);
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
        const points = from + k, line = 6 * mStep;
        columnOfOutput(0, points, line);
        columnOfOutput(1, points + mStep, line);
        columnOfOutput(2, points + 2 * mStep, line);
        columnOfOutput(3, points + 3 * mStep, line);
        columnOfOutput(4, points + 4 * mStep, line);
        columnOfOutput(5, points + 5 * mStep, line);
        const add = bias == 0 ? none : v128.load(bias + k);
        const isWhole = rows == 4 && columns == 4;
        // A tile that reaches over the border is written apart, and what is inside is copied.
        const place = isWhole ? to + k : border;
        const rowStep = isWhole ? outRow : 64, pixelStep = isWhole ? outPixel : 16;
        const sums = f32x4.add(
          f32x4.add(
            rowOfOutput(0, place, pixelStep, add, activation),
            rowOfOutput(1, place + rowStep, pixelStep, add, activation),
          ),
          f32x4.add(
            rowOfOutput(2, place + 2 * rowStep, pixelStep, add, activation),
            rowOfOutput(3, place + 3 * rowStep, pixelStep, add, activation),
          ),
        );
        wild = f32x4.add(wild, f32x4.sub(sums, sums));
        if (isWhole) continue;
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) {
            v128.store(
              to + k + <usize> i * outRow + <usize> j * outPixel,
              v128.load(border + ((<usize> (4 * i + j)) << 4)),
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
 * Transforms a filter [3][3][channels][filters] into panels [36][filters / 8][channels][8], or as it lies for
 * a BLAS, [36][channels][filters].
 * ints: filter, target, channels, filters, for a BLAS (0 or 1); a task is a panel
 */
export function winogradFilter(args: usize, begin: i32, end: i32, scratch: usize): void {
  const filter = load<usize>(args), target = load<usize>(args, 4);
  const channels = load<i32>(args, 8), filters = load<i32>(args, 12);
  const byBlas = load<i32>(args, 16) != 0;
  const pixel = (<usize> filters) << 2, tap = <usize> channels * pixel;
  const pointStep = tap;
  const panelStep: usize = byBlas ? 32 : <usize> channels << 5, rowStep: usize = byBlas ? pixel : 32;
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
        const to = target + <usize> panel * panelStep + <usize> c * rowStep + half;
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

/** One dimension of the transform of gradients of results: six values of four, kept four apart. */

@inline
function transformGradient(
  d0: v128, d1: v128, d2: v128, d3: v128, first: i32, to: usize, step: usize,
): void {
  const sixth = f32x4.splat(-1.0 / 6.0), small = f32x4.splat(1.0 / 24.0);
  const even = f32x4.add(d0, d2), odd = f32x4.add(d1, d3);
  const four = f32x4.add(d0, f32x4.mul(f32x4.splat(4), d2));
  const eight = f32x4.add(f32x4.add(d1, d1), f32x4.mul(f32x4.splat(8), d3));
  put(first, to, f32x4.mul(f32x4.splat(0.25), d0));
  put(first + 4, to + step, f32x4.mul(sixth, f32x4.add(even, odd)));
  put(first + 8, to + 2 * step, f32x4.mul(sixth, f32x4.sub(even, odd)));
  put(first + 12, to + 3 * step, f32x4.mul(small, f32x4.add(four, eight)));
  put(first + 16, to + 4 * step, f32x4.mul(small, f32x4.sub(four, eight)));
  put(first + 20, to + 5 * step, d3);
}

/** Column x of a tile of which `rows` × `columns` values are inside; the others count as zeros. */

@inline
function columnOfGradient(x: i32, from: usize, row: usize, rows: i32, columns: i32): void {
  const zero = f32x4.splat(0), count = x < columns ? rows : 0;
  transformGradient(
    count > 0 ? v128.load(from) : zero,
    count > 1 ? v128.load(from + row) : zero,
    count > 2 ? v128.load(from + 2 * row) : zero,
    count > 3 ? v128.load(from + 3 * row) : zero,
    x, 0, 0,
  );
}

@inline
function rowOfGradient(y: i32, to: usize, step: usize): void {
  transformGradient(kept(4 * y), kept(4 * y + 1), kept(4 * y + 2), kept(4 * y + 3), 0, to, step);
}

/**
 * Sums over groups of tiles of the filter's gradient, transformed: sums [groups][36][channels][filters].
 * ints: x, dy, sums, tiles of all images, tiles of a group, tiles of a block, height, width, channels, top,
 *   left, outHeight, outWidth, filters, tilesY, tilesX, by a BLAS (0 or 1)
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
  const byBlas = load<i32>(args, 64) != 0;
  const pixel = (<usize> channels) << 2, outPixel = (<usize> filters) << 2;
  const border = scratch;
  const v = border + 36 * pixel;
  const vStep = <usize> blockTiles * pixel + APART, dStep = <usize> blockTiles * outPixel + APART;
  const d = v + POINTS * vStep;
  const sumStep = <usize> channels * outPixel;
  const perImage = tilesY * tilesX;
  const outRow = <usize> outWidth * outPixel;
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
          const at = from + k, points = to + k, line = 6 * dStep;
          columnOfGradient(0, at, outRow, rows, columns);
          columnOfGradient(1, at + outPixel, outRow, rows, columns);
          columnOfGradient(2, at + 2 * outPixel, outRow, rows, columns);
          columnOfGradient(3, at + 3 * outPixel, outRow, rows, columns);
          rowOfGradient(0, points, dStep);
          rowOfGradient(1, points + line, dStep);
          rowOfGradient(2, points + 2 * line, dStep);
          rowOfGradient(3, points + 3 * line, dStep);
          rowOfGradient(4, points + 4 * line, dStep);
          rowOfGradient(5, points + 5 * line, dStep);
        }
      }
      for (let point: usize = 0; point < <usize> POINTS; point++) {
        const a = v + point * vStep, b = d + point * dStep, s = sum + point * sumStep;
        if (byBlas) addBlasOuterProducts(a, channels, b, filters, count, s);
        else addOuterProducts(a, channels, b, filters, count, s);
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

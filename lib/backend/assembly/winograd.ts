// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// deno-fmt-ignore-file It would leave out the decorators, which AssemblyScript needs.
// 3 × 3 convolutions of stride 1 by Winograd's F(4 × 4, 3 × 3) (Lavin & Gray 2016, arXiv 1509.09308): a tile
// of 4 × 4 results from 6 × 6 values takes 36 products where the definition takes 144, for each pair of
// channel and filter. The filter's gradient is F(3 × 3, 4 × 4) over the same points 0, ±1, ±2, ∞: the same
// transform of the images, and sums over all tiles before one inverse transform. 2 × 2 convolutions likewise by
// F(4 × 4, 2 × 2) and F(2 × 2, 4 × 4) over the points 0, ±1, 2, ∞: 25 products in place of 64.
//
// A block of tiles is transformed into the thread's scratch as 36 (or 25) matrices [tiles][channels]; each is
// multiplied (products.ts) where it lies. Tiles are counted through all images, so that small images share
// a block. Channels come in fours, filters in eights. `side` is the side of a patch, and the number of points
// in a dimension, a constant: 6 or 5 (winograd_points.ts).

/**
 * Bytes between the matrices of two points, so that steps of a power of two do not bring all points to the
 * same few places of the first-level cache.
 */
const APART: usize = 64;

/** Transforms a patch into V[point][tile]. `row` and `pixel` are the patch's steps in bytes. */

@inline
function transformPatch(
  side: i32, patch: usize, row: usize, pixel: usize, channels: i32, v: usize, pointStep: usize,
): void {
  const line = <usize> side * pointStep;
  for (let c: usize = 0, last = (<usize> channels) << 2; c < last; c += 16) {
    const from = patch + c, to = v + c;
    columnOfInput(side, 0, from, row);
    columnOfInput(side, 1, from + pixel, row);
    columnOfInput(side, 2, from + 2 * pixel, row);
    columnOfInput(side, 3, from + 3 * pixel, row);
    columnOfInput(side, 4, from + 4 * pixel, row);
    if (side == 6) columnOfInput(side, 5, from + 5 * pixel, row);
    rowOfInput(side, 0, to, pointStep);
    rowOfInput(side, 1, to + line, pointStep);
    rowOfInput(side, 2, to + 2 * line, pointStep);
    rowOfInput(side, 3, to + 3 * line, pointStep);
    rowOfInput(side, 4, to + 4 * line, pointStep);
    if (side == 6) rowOfInput(side, 5, to + 5 * line, pointStep);
  }
}

function patchOfSix(patch: usize, row: usize, pixel: usize, channels: i32, v: usize, pointStep: usize): void {
  transformPatch(6, patch, row, pixel, channels, v, pointStep);
}

function patchOfFive(patch: usize, row: usize, pixel: usize, channels: i32, v: usize, pointStep: usize): void {
  transformPatch(5, patch, row, pixel, channels, v, pointStep);
}

/**
 * V for tiles first … first + count − 1. A patch that reaches over the border is copied with zeros first.
 */
function transformTiles(
  side: i32,
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
    let patch = border, patchRow = <usize> side * pixel;
    if (y >= 0 && z >= 0 && y + side <= height && z + side <= width) {
      patch = source + <usize> y * row + <usize> z * pixel;
      patchRow = row;
    } else {
      memory.fill(border, 0, <usize> (side * side) * pixel);
      const fromX = max(0, -z), toX = min(side, width - z);
      for (let r = max(0, -y), lastRow = min(side, height - y); r < lastRow; r++) {
        if (toX > fromX) {
          memory.copy(
            border + <usize> (side * r + fromX) * pixel,
            source + <usize> (y + r) * row + <usize> (z + fromX) * pixel,
            <usize> (toX - fromX) * pixel,
          );
        }
      }
    }
    if (side == 6) patchOfSix(patch, patchRow, pixel, channels, to, pointStep);
    else patchOfFive(patch, patchRow, pixel, channels, to, pointStep);
  }
}

/** Whether any of four values is infinite or NaN. */

@inline
function isWild(values: v128): bool {
  return v128.any_true(f32x4.ne(f32x4.sub(values, values), f32x4.splat(0)));
}

/**
 * Convolves blocks of tiles. ints: x, filter as `winogradFilter` makes it, y, tiles of all images, tiles of a
 *   task, height, width, channels, top, left, outHeight, outWidth, filters, tilesY, tilesX, bias (0: none),
 *   activation, by a BLAS (0 or 1; `u` is then plain), address of a word that becomes 1 if a result is infinite
 *   or NaN (by the transforms, not only the results that the definition would give are)
 */
export function winogradConvolve(args: usize, begin: i32, end: i32, scratch: usize): void {
  convolveTiles(6, args, begin, end, scratch);
}

/** The same for a filter of 2 × 2. */
export function winogradConvolve2(args: usize, begin: i32, end: i32, scratch: usize): void {
  convolveTiles(5, args, begin, end, scratch);
}

@inline
function convolveTiles(side: i32, args: usize, begin: i32, end: i32, scratch: usize): void {
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
  const points = side * side, v = border + <usize> points * pixel;
  const vStep = <usize> taskTiles * pixel + APART, mStep = <usize> taskTiles * outPixel + APART;
  const m = v + <usize> points * vStep;
  const panelBytes = pixel * <usize> filters;
  const perImage = tilesY * tilesX;
  const outRow = <usize> outWidth * outPixel;
  const none = f32x4.splat(0);
  // Zero as long as all results are finite.
  let wild = none;
  for (let task = begin; task < end; task++) {
    const first = task * taskTiles, count = min(taskTiles, tiles - first);
    transformTiles(
      side,
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
    for (let point: usize = 0; point < <usize> points; point++) {
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
        const at = from + k, line = <usize> side * mStep;
        columnOfOutput(side, 0, at, line);
        columnOfOutput(side, 1, at + mStep, line);
        columnOfOutput(side, 2, at + 2 * mStep, line);
        columnOfOutput(side, 3, at + 3 * mStep, line);
        columnOfOutput(side, 4, at + 4 * mStep, line);
        if (side == 6) columnOfOutput(side, 5, at + 5 * mStep, line);
        const add = bias == 0 ? none : v128.load(bias + k);
        const isWhole = rows == 4 && columns == 4;
        // A tile that reaches over the border is written apart, and what is inside is copied.
        const place = isWhole ? to + k : border;
        const rowStep = isWhole ? outRow : 64, pixelStep = isWhole ? outPixel : 16;
        const sums = f32x4.add(
          f32x4.add(
            rowOfOutput(side, 0, place, pixelStep, add, activation),
            rowOfOutput(side, 1, place + rowStep, pixelStep, add, activation),
          ),
          f32x4.add(
            rowOfOutput(side, 2, place + 2 * rowStep, pixelStep, add, activation),
            rowOfOutput(side, 3, place + 3 * rowStep, pixelStep, add, activation),
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

/**
 * Transforms a filter [3][3][channels][filters] into panels [36][filters / 8][channels][8], or as it lies for
 * a BLAS, [36][channels][filters].
 * ints: filter, target, channels, filters, for a BLAS (0 or 1); a task is a panel
 */
export function winogradFilter(args: usize, begin: i32, end: i32, scratch: usize): void {
  filterPanels(6, args, begin, end, scratch);
}

/** The same for a filter of 2 × 2, with 25 points. */
export function winogradFilter2(args: usize, begin: i32, end: i32, scratch: usize): void {
  filterPanels(5, args, begin, end, scratch);
}

@inline
function filterPanels(side: i32, args: usize, begin: i32, end: i32, scratch: usize): void {
  const filter = load<usize>(args), target = load<usize>(args, 4);
  const channels = load<i32>(args, 8), filters = load<i32>(args, 12);
  const byBlas = load<i32>(args, 16) != 0;
  const taps = side - 3;
  const pixel = (<usize> filters) << 2, tap = <usize> channels * pixel;
  const panelStep: usize = byBlas ? 32 : <usize> channels << 5, rowStep: usize = byBlas ? pixel : 32;
  for (let panel = begin; panel < end; panel++) {
    for (let c = 0; c < channels; c++) {
      for (let half: usize = 0; half < 32; half += 16) {
        const from = filter + <usize> c * pixel + ((<usize> panel) << 5) + half;
        for (let j = 0; j < taps; j++) {
          transformTaps(side, from + <usize> j * tap, <usize> taps * tap, scratch + ((<usize> j) << 4), 48);
        }
        const to = target + <usize> panel * panelStep + <usize> c * rowStep + half;
        for (let i = 0; i < side; i++) {
          transformTaps(side, scratch + 48 * <usize> i, 16, to + <usize> (side * i) * tap, tap);
        }
      }
    }
  }
}

/**
 * Sums over groups of tiles of the filter's gradient, transformed: sums [groups][36][channels][filters].
 * ints: x, dy, sums, tiles of all images, tiles of a group, tiles of a block, height, width, channels, top,
 *   left, outHeight, outWidth, filters, tilesY, tilesX, by a BLAS (0 or 1)
 */
export function winogradFilterSums(args: usize, begin: i32, end: i32, scratch: usize): void {
  sumTiles(6, args, begin, end, scratch);
}

/** The same for a filter of 2 × 2, with 25 points. */
export function winogradFilterSums2(args: usize, begin: i32, end: i32, scratch: usize): void {
  sumTiles(5, args, begin, end, scratch);
}

@inline
function sumTiles(side: i32, args: usize, begin: i32, end: i32, scratch: usize): void {
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
  const points = side * side, v = border + <usize> points * pixel;
  const vStep = <usize> blockTiles * pixel + APART, dStep = <usize> blockTiles * outPixel + APART;
  const d = v + <usize> points * vStep;
  const sumStep = <usize> channels * outPixel;
  const perImage = tilesY * tilesX;
  const outRow = <usize> outWidth * outPixel;
  for (let group = begin; group < end; group++) {
    const sum = sums + <usize> (group * points) * sumStep;
    memory.fill(sum, 0, <usize> points * sumStep);
    const last = min(tiles, (group + 1) * groupTiles);
    for (let first = group * groupTiles; first < last; first += blockTiles) {
      const count = min(blockTiles, last - first);
      transformTiles(
        side,
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
          const at = from + k, place = to + k, line = <usize> side * dStep;
          columnOfGradient(side, 0, at, outRow, rows, columns);
          columnOfGradient(side, 1, at + outPixel, outRow, rows, columns);
          columnOfGradient(side, 2, at + 2 * outPixel, outRow, rows, columns);
          columnOfGradient(side, 3, at + 3 * outPixel, outRow, rows, columns);
          rowOfGradient(side, 0, place, dStep);
          rowOfGradient(side, 1, place + line, dStep);
          rowOfGradient(side, 2, place + 2 * line, dStep);
          rowOfGradient(side, 3, place + 3 * line, dStep);
          rowOfGradient(side, 4, place + 4 * line, dStep);
          if (side == 6) rowOfGradient(side, 5, place + 5 * line, dStep);
        }
      }
      for (let point: usize = 0; point < <usize> points; point++) {
        const a = v + point * vStep, b = d + point * dStep, s = sum + point * sumStep;
        if (byBlas) addBlasOuterProducts(a, channels, b, filters, count, s);
        else addOuterProducts(a, channels, b, filters, count, s);
      }
    }
  }
}

/**
 * The filter's gradient [3][3][channels][filters] of its transformed sums [36][channels][filters].
 * ints: sums, target, channels, filters, address of a word that becomes 1 if a result is infinite or NaN; a
 *   task is a channel
 */
export function winogradFilterFinish(args: usize, begin: i32, end: i32, scratch: usize): void {
  finishFilter(6, args, begin, end, scratch);
}

/** The same for a filter of 2 × 2, with 25 points. */
export function winogradFilterFinish2(args: usize, begin: i32, end: i32, scratch: usize): void {
  finishFilter(5, args, begin, end, scratch);
}

@inline
function finishFilter(side: i32, args: usize, begin: i32, end: i32, scratch: usize): void {
  const sums = load<usize>(args), target = load<usize>(args, 4);
  const channels = load<i32>(args, 8), filters = load<i32>(args, 12);
  const flag = load<usize>(args, 16);
  const row = (<usize> filters) << 2, step = <usize> channels * row;
  const taps = side - 3;
  let wild = f32x4.splat(0);
  for (let c = begin; c < end; c++) {
    for (let k: usize = 0; k < row; k += 16) {
      const at = <usize> c * row + k;
      for (let i: usize = 0; i < <usize> side; i++) {
        transformSums(side, sums + at + i * step, <usize> side * step, scratch + (i << 4), 96);
      }
      for (let i = 0; i < taps; i++) {
        const to = target + at + <usize> (taps * i) * step;
        const sum = transformSums(side, scratch + 96 * <usize> i, 16, to, step);
        wild = f32x4.add(wild, f32x4.sub(sum, sum));
      }
    }
  }
  if (isWild(wild)) store<i32>(flag, 1);
}

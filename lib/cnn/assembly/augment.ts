// @ts-nocheck AssemblyScript, compiled by lib/compute/kernels/build.ts
// Images changed by chance: what chance says of each has been drawn before.

/**
 * Mirrors, moves, cuts and brightens images; what comes in is 0. A task is an image.
 * ints: x [n][height][width][pixel], y likewise, height, width, bytes of a pixel, draws [n][5] (int32: 1 for
 *   mirrored, pixels to the right and down, the first column and row that are cut out), side of the square that is
 *   cut out, factors [n] (float64) of pixels of bytes; 0: none
 */
export function augmentImages(args: usize, begin: i32, end: i32, scratch: usize): void {
  const x = load<usize>(args), y = load<usize>(args, 4);
  const height = load<i32>(args, 8), width = load<i32>(args, 12), pixel = load<i32>(args, 16);
  const draws = load<usize>(args, 20);
  const side = load<i32>(args, 24);
  const factors = load<usize>(args, 28);
  const size = <usize> (height * width * pixel);
  for (let image = begin; image < end; image++) {
    const draw = draws + <usize> (20 * image);
    const mirrored = load<i32>(draw) != 0;
    const right = load<i32>(draw, 4), down = load<i32>(draw, 8);
    const left = load<i32>(draw, 12), top = load<i32>(draw, 16);
    const from = x + <usize> image * size, to = y + <usize> image * size;
    const levels = factors == 0 ? 0 : scratch;
    if (levels != 0) fillLevels(levels, load<f64>(factors + (<usize> image << 3)));
    memory.fill(to, 0, size);
    const first = max(0, right), last = min(width, width + right);
    for (let row = max(0, down), bottom = min(height, height + down); row < bottom; row++) {
      const source = from + <usize> ((row - down) * width * pixel);
      const target = to + <usize> (row * width * pixel);
      const isCut = row >= top && row < top + side;
      const cut = isCut ? max(first, min(left, last)) : last;
      const after = isCut ? max(first, left + side) : last;
      copyPixels(source, target, first, cut, right, width, pixel, mirrored, levels);
      copyPixels(source, target, after, last, right, width, pixel, mirrored, levels);
    }
  }
}

/** What each byte becomes: rounded as JavaScript does, and 255 at most. */
function fillLevels(levels: usize, factor: f64): void {
  for (let byte = 0; byte < 256; byte++) {
    const value = <f64> byte * factor, below = Math.floor(value);
    const level = min(255, <i32> below + (value - below >= 0.5 ? 1 : 0));
    store<u8>(levels + <usize> byte, <u8> level);
  }
}

/** The columns `first` … `last - 1` of a row. */
function copyPixels(
  source: usize,
  target: usize,
  first: i32,
  last: i32,
  right: i32,
  width: i32,
  pixel: i32,
  mirrored: bool,
  levels: usize,
): void {
  if (first >= last) return;
  let to = target + <usize> (first * pixel);
  if (!mirrored) {
    const from = source + <usize> ((first - right) * pixel), bytes = (last - first) * pixel;
    if (levels == 0) memory.copy(to, from, bytes);
    else for (let i = 0; i < bytes; i++) store<u8>(to + i, load<u8>(levels + load<u8>(from + i)));
    return;
  }
  let from = source + <usize> ((width - 1 - (first - right)) * pixel);
  for (let column = first; column < last; column++, from -= pixel, to += pixel) {
    for (let i = 0; i < pixel; i++) {
      const value = load<u8>(from + i);
      store<u8>(to + i, levels == 0 ? value : load<u8>(levels + value));
    }
  }
}

/** How tfjs is told to resize. */
export interface ResizeAttrs {
  /** The corners' centers stay where they are. */
  readonly alignCorners?: boolean;
  /** Places are those of the pixels' centers. */
  readonly halfPixelCenters?: boolean;
}

/** Where each pixel of a resized side comes from. */
export interface ResizePlan {
  /** The pixel at or before its place. */
  readonly before: Int32Array;
  /** The pixel behind its place. */
  readonly behind: Int32Array;
  /** The share of the pixel behind; none for the nearest pixel. */
  readonly shares: Float64Array;
}

/**
 * Where each pixel of a resized side comes from, by bilinear interpolation or from its nearest pixel, as tfjs
 * defines the two.
 *
 * @param side Pixels of the side
 * @param resized Pixels that it is given
 */
export function resizePlan(
  side: number,
  resized: number,
  kind: "bilinear" | "nearest",
  { alignCorners = false, halfPixelCenters = false }: ResizeAttrs,
): ResizePlan {
  const isAligned = alignCorners && resized > 1;
  const scale = isAligned ? (side - 1) / (resized - 1) : side / resized;
  const before = new Int32Array(resized), behind = new Int32Array(resized);
  const shares = new Float64Array(resized);
  for (let at = 0; at < resized; at++) {
    const place = halfPixelCenters ? scale * (at + 0.5) : scale * at;
    if (kind === "nearest") {
      const nearest = alignCorners ? Math.round(place) : Math.floor(place);
      before[at] = behind[at] = Math.max(0, Math.min(side - 1, nearest));
    } else {
      const center = halfPixelCenters ? place - 0.5 : place;
      before[at] = Math.max(0, Math.floor(center));
      behind[at] = Math.max(0, Math.min(side - 1, Math.ceil(center)));
      shares[at] = center - before[at]!;
    }
  }
  return { before, behind, shares };
}

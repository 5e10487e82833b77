import type { MapPoints } from "../points.ts";
import type { Projection } from "./raster.ts";

/** The shown point nearest to a pixel, at most `reach` pixels away; -1 if there is none. */
export function nearestPoint(
  { positions, labels }: MapPoints,
  isShown: Uint8Array,
  { x0, dx, y0, dy }: Projection,
  x: number,
  y: number,
  reach: number,
): number {
  let found = -1, least = reach * reach;
  for (let i = 0; i < labels.length; i++) {
    if (isShown[i] === 0) continue;
    const across = x0 + dx * positions[2 * i]! - x, down = y0 + dy * positions[2 * i + 1]! - y;
    const distance = across * across + down * down;
    if (distance <= least) {
      found = i;
      least = distance;
    }
  }
  return found;
}

/** How far a key goes in pixels, if a point is there. */
const STRIDE = 16;

/**
 * The shown point to which a step leads: the one nearest to the place a stride away, among those that
 * lie more ahead than aside; -1 if there is none.
 *
 * @param right 1, 0 or -1
 * @param down 1, 0 or -1
 */
export function pointAhead(
  { positions, labels }: MapPoints,
  isShown: Uint8Array,
  { x0, dx, y0, dy }: Projection,
  from: number,
  right: number,
  down: number,
): number {
  const x = x0 + dx * positions[2 * from]!, y = y0 + dy * positions[2 * from + 1]!;
  let found = -1, least = Infinity;
  for (let i = 0; i < labels.length; i++) {
    if (isShown[i] === 0 || i === from) continue;
    const across = x0 + dx * positions[2 * i]! - x, below = y0 + dy * positions[2 * i + 1]! - y;
    const ahead = across * right + below * down;
    const aside = Math.abs(across * down) + Math.abs(below * right);
    if (ahead <= 0 || aside > ahead) continue;
    const distance = Math.hypot(ahead - STRIDE, aside);
    if (distance < least) {
      found = i;
      least = distance;
    }
  }
  return found;
}

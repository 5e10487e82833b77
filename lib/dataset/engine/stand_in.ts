import { seededRandom, standardNormal } from "../../base/random.ts";
import { SIDE } from "./cifar_format.ts";
import type { Split } from "../split.ts";

/** What the generated classes are called: nothing that CIFAR-10 knows. */
export const STAND_IN_CLASSES = [
  "disc",
  "ring",
  "square",
  "triangle",
  "cross",
  "stripes",
  "checks",
  "dots",
  "waves",
  "rays",
];

/**
 * Membership of a point in a class's figure, from 0 to 1. Points are in the figure's own frame: its
 * size is about 1, its phase `t` is drawn for each image.
 */
type Figure = (x: number, y: number, t: number) => number;

/** How sharp the edge of a figure is: a soft step from outside (−) to inside (+). */
const step = (distance: number) => Math.min(1, Math.max(0, 0.5 + 6 * distance));
/** Patterns fade out at a distance of about 1, as shapes do. */
const inside = (x: number, y: number) => step(1.05 - Math.hypot(x, y));

const FIGURES: Figure[] = [
  (x, y) => step(0.85 - Math.hypot(x, y)),
  (x, y) => step(0.24 - Math.abs(Math.hypot(x, y) - 0.72)),
  (x, y) => step(0.75 - Math.max(Math.abs(x), Math.abs(y))),
  (x, y) => step(0.5 - Math.max(y, 0.866 * x - 0.5 * y, -0.866 * x - 0.5 * y)),
  (x, y) => step(0.27 - Math.min(Math.abs(x), Math.abs(y))) * inside(x, y),
  (x, y, t) => step(Math.sin(7 * x + t) / 3) * inside(x, y),
  (x, y, t) => step(Math.sin(5.5 * x + t) * Math.sin(5.5 * y + t) / 2) * inside(x, y),
  (x, y, t) => step((Math.cos(7 * x + t) + Math.cos(7 * y + t) - 0.7) / 3) * inside(x, y),
  (x, y, t) => step(Math.sin(7 * x + 1.6 * Math.sin(4.5 * y + t)) / 3) * inside(x, y),
  (x, y, t) => step(Math.sin(6 * Math.atan2(y, x) + t) / 3) * inside(x, y),
];

/**
 * Generates images of ten classes of figures (shapes and textures) in varied colour, place, size and
 * rotation, under noise and a second, paler figure of a random class. They stand in for CIFAR-10 where
 * it cannot be had, and are hard enough that no classifier here gets them all right.
 *
 * @param n Number of images; the classes come in turn, in random order
 * @param seed The same seed gives the same images
 */
export function generateStandIn(n: number, seed: number): Split {
  const random = seededRandom(seed);
  const between = (low: number, high: number) => low + (high - low) * random();
  const images = new Uint8Array(n * SIDE * SIDE * 3);
  const labels = new Uint8Array(n);
  const color = () => [between(20, 235), between(20, 235), between(20, 235)];
  const place = () => ({
    x: between(-0.3, 0.3),
    y: between(-0.3, 0.3),
    size: between(0.5, 0.9),
    angle: between(-0.4, 0.4),
    phase: between(0, 2 * Math.PI),
  });
  for (let i = 0; i < n; i++) {
    const label = labels[i] = Math.floor(random() * FIGURES.length);
    const ground = [between(60, 195), between(60, 195), between(60, 195)];
    // A figure is lighter or darker than its ground, and each class leans to a hue of its own.
    const shift = (random() < 0.5 ? -1 : 1) * between(70, 130);
    const figureColor = ground.map((value, c) => {
      const lean = 45 * Math.cos(2 * Math.PI * (label / FIGURES.length + c / 3));
      return Math.min(245, Math.max(10, value + shift + lean));
    });
    const figures = [
      { draw: FIGURES[Math.floor(random() * FIGURES.length)]!, opacity: 0.2, color: color() },
      { draw: FIGURES[label]!, opacity: between(0.75, 1), color: figureColor },
    ].map((figure) => ({ ...figure, ...place() }));
    const slope = color().map((value, c) => (value - ground[c]!) * 0.25);
    const noise = between(3, 14);
    for (let row = 0; row < SIDE; row++) {
      for (let column = 0; column < SIDE; column++) {
        const px = 2 * (column + 0.5) / SIDE - 1,
          py = 2 * (row + 0.5) / SIDE - 1;
        const pixel = ground.map((value, c) => value + slope[c]! * px);
        for (const { draw, opacity, color, x, y, size, angle, phase } of figures) {
          const dx = (px - x) / size, dy = (py - y) / size;
          const cos = Math.cos(angle), sin = Math.sin(angle);
          const cover = opacity *
            draw(cos * dx + sin * dy, cos * dy - sin * dx, phase);
          for (let c = 0; c < 3; c++) {
            pixel[c] = pixel[c]! + cover * (color[c]! - pixel[c]!);
          }
        }
        for (let c = 0; c < 3; c++) {
          const value = pixel[c]! + noise * standardNormal(random);
          images[((i * SIDE + row) * SIDE + column) * 3 + c] = Math.min(255, Math.max(0, value));
        }
      }
    }
  }
  return { images, labels, shape: [n, SIDE, SIDE, 3] };
}

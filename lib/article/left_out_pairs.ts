import { permutation, seededRandom } from "../base/random.ts";

/** Two classes, by their indices. */
type Pair = readonly [number, number];

/** Classes of CIFAR-10. */
const CLASSES = 10;

/** The pairs that are always left out: cat and dog, which are hard to tell apart, and ship and truck. */
export const LEFT_OUT: readonly Pair[] = [[3, 5], [8, 9]];

/** Those pairs, and behind them others, drawn from all pairs of ten classes by a fixed seed. */
export function sampledPairs(count: number): Pair[] {
  const all = Array.from({ length: CLASSES }, (_, a) => a)
    .flatMap((a) => Array.from({ length: CLASSES - 1 - a }, (_, i): Pair => [a, a + 1 + i]));
  const isKnown = ([a, b]: Pair) => LEFT_OUT.some((pair) => pair[0] === a && pair[1] === b);
  const drawn = [...permutation(all.length, seededRandom(0))].map((place) => all[place]!);
  return [...LEFT_OUT, ...drawn.filter((pair) => !isKnown(pair))].slice(0, count);
}

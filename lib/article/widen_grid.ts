import type { GridEdge } from "../model_selection/parameter_grid.ts";

/** Values of parameters, each list in rising order. */
export type Grid = Readonly<Record<string, readonly number[]>>;

/** Parameters that are counted: they stay whole numbers, of at least 1. */
const COUNTED = ["nNeighbors", "minSamplesLeaf"];

/**
 * A grid with one value more at each edge where the best one lies, as far beyond it as its neighbor is before it,
 * as a factor; nothing if there is nowhere to go.
 *
 * @param most Greatest value of a parameter that is counted
 */
export function widenGrid(grid: Grid, edges: readonly GridEdge[], most: number): Grid | undefined {
  const added = edges.flatMap(({ parameter, side }) => {
    const values = grid[parameter]!;
    const [edge, before] = side === "least" ? values : values.toReversed();
    const isCounted = COUNTED.includes(parameter);
    const value = isCounted ? Math.round(edge! ** 2 / before!) : edge! ** 2 / before!;
    const isUsable = value !== edge && (!isCounted || (value >= 1 && value <= most));
    return isUsable
      ? [[parameter, side === "least" ? [value, ...values] : [...values, value]] as const]
      : [];
  });
  return added.length > 0 ? { ...grid, ...Object.fromEntries(added) } : undefined;
}

import { whole } from "../../base/check.ts";
import type { SavedForm } from "../../base/saved_estimator.ts";
import type { FittedForest } from "../random_forest.ts";
import type { Tree } from "./grow_forest.ts";

/** All trees of a forest, one after the other. */
export interface PackedForest extends Omit<FittedForest, "trees"> {
  /** Nodes of each tree. */
  readonly nodes: Int32Array;
  readonly column: Int32Array;
  readonly threshold: Float32Array;
  readonly right: Int32Array;
  /** Shares of the classes in each leaf. */
  readonly shares: Float32Array;
}

/** The trees one after the other. */
export function packForest({ classes, cols, trees }: FittedForest): PackedForest {
  return {
    classes,
    cols,
    nodes: Int32Array.from(trees, ({ column }) => column.length),
    column: Int32Array.from(joined(trees.map(({ column }) => column))),
    threshold: Float32Array.from(joined(trees.map(({ threshold }) => threshold))),
    right: Int32Array.from(joined(trees.map(({ right }) => right))),
    shares: Float32Array.from(joined(trees.map(({ shares }) => shares))),
  };
}

/** The trees each for itself. A tree has as many leaves as it has nodes without a column. */
export function unpackForest(
  { classes, cols, nodes, column, threshold, right, shares }: PackedForest,
): FittedForest {
  const trees: Tree[] = [];
  let begin = 0, leaf = 0;
  for (const count of nodes) {
    const end = begin + count, own = column.slice(begin, end);
    const leaves = own.reduce((sum, asked) => asked < 0 ? sum + 1 : sum, 0);
    trees.push({
      column: own,
      threshold: threshold.slice(begin, end),
      right: right.slice(begin, end),
      shares: shares.slice(leaf * classes.length, (leaf + leaves) * classes.length),
    });
    [begin, leaf] = [end, leaf + leaves];
  }
  return { classes, cols, trees };
}

/** What a fitted forest consists of in its file. */
export const SAVED_FOREST: SavedForm<PackedForest> = {
  called: "a RandomForestClassifier",
  arrays: {
    classes: "int32",
    nodes: "int32",
    column: "int32",
    threshold: "float32",
    right: "int32",
    shares: "float32",
  },
  facts: { cols: whole(1) },
  fault(packed) {
    const { classes, cols, nodes, column, threshold, right, shares } = packed;
    const total = nodes.reduce((a, b) => a + b, 0);
    if (nodes.length < 1 || nodes.some((count) => count < 1)) return "a tree has no nodes";
    if ([column, threshold, right].some(({ length }) => length !== total)) {
      return `${column.length} columns, ${threshold.length} thresholds and ${right.length} ` +
        `children for ${total} nodes`;
    }
    const leaves = column.reduce((sum, asked) => asked < 0 ? sum + 1 : sum, 0);
    if (shares.length !== leaves * classes.length) {
      return `${shares.length} shares for ${leaves} leaves of ${classes.length} classes`;
    }
    const odd = unpackForest(packed).trees.findIndex((tree) => !isTree(tree, cols, classes.length));
    return odd < 0 ? undefined : `tree ${odd} leads nowhere`;
  },
};

/** Whether every path ends in a leaf: children come after their parents. */
function isTree({ column, right, shares }: Tree, cols: number, classes: number): boolean {
  const nodes = column.length, leaves = shares.length / classes;
  return column.every((asked, node) =>
    asked < 0
      ? asked === -1 && right[node]! >= 0 && right[node]! < leaves
      : asked < cols && node + 1 < nodes && right[node]! > node && right[node]! < nodes
  );
}

function* joined(parts: readonly ArrayLike<number>[]): Generator<number> {
  for (const part of parts) for (let i = 0; i < part.length; i++) yield part[i]!;
}

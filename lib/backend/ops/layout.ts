import { allocInt32, freeViews } from "../../compute/memory.ts";

/** A dimension that a kernel goes through: its length, and the step of each operand in values. */
export interface Dimension {
  readonly length: number;
  readonly steps: readonly number[];
}

/** The dimensions of a row-major shape for one operand: its steps, 0 where it is repeated. */
export function stepsOf(shape: readonly number[], rank: number): number[] {
  const steps = new Array<number>(rank).fill(0);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis]! > 1) steps[rank - shape.length + axis] = step;
    step *= shape[axis]!;
  }
  return steps;
}

/**
 * Puts neighbouring dimensions together that every operand goes through in one row, and leaves out those of
 * length 1: the kernels' runs become as long as they can be.
 */
export function collapse(dimensions: readonly Dimension[]): Dimension[] {
  const result: Dimension[] = [];
  for (const { length, steps } of dimensions) {
    if (length === 1) continue;
    const outer = result.at(-1);
    if (outer && outer.steps.every((step, i) => step === steps[i]! * length)) {
      result[result.length - 1] = { length: outer.length * length, steps };
    } else {
      result.push({ length, steps });
    }
  }
  const operands = dimensions[0]?.steps.length ?? 2;
  return result.length > 0 ? result : [{ length: 1, steps: new Array(operands).fill(1) }];
}

/** Hands a kernel the address of [lengths, steps of the first operand, …] and takes the memory back after. */
export function withLayout(
  dimensions: readonly Dimension[],
  run: (rank: number, layout: number) => void,
): void {
  const rank = dimensions.length, operands = dimensions[0]!.steps.length;
  const layout = allocInt32(rank * (1 + operands));
  try {
    dimensions.forEach(({ length, steps }, axis) => {
      layout[axis] = length;
      steps.forEach((step, operand) => layout[(1 + operand) * rank + axis] = step);
    });
    run(rank, layout.byteOffset);
  } finally {
    freeViews(layout);
  }
}

import { Scope } from "../../compute/scope.ts";

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

/** Hands a kernel [lengths, steps of the first operand, …] and takes the memory back after. */
export function withLayout(
  dimensions: readonly Dimension[],
  run: (layout: { rank: number; lengths: Int32Array }) => void,
): void {
  const rank = dimensions.length, operands = dimensions[0]!.steps.length;
  using memory = new Scope();
  const lengths = memory.int32(rank * (1 + operands));
  dimensions.forEach(({ length, steps }, axis) => {
    lengths[axis] = length;
    steps.forEach((step, operand) => lengths[(1 + operand) * rank + axis] = step);
  });
  run({ rank, lengths });
}

import { assignWeights } from "./engine/weight_copies.ts";
import type { Network } from "./network_text.ts";

/**
 * Remembers a network's weights.
 *
 * @returns A function that puts them back
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { buildCnn, setUpCompute } from "deep-features";
 * import { copyWeights } from "deep-features/cnn";
 *
 * await setUpCompute({ quiet: true });
 * const model = buildCnn({ seed: 1, inputShape: [8, 8, 3] });
 * const first = () => model.getWeights()[0]!.dataSync()[0];
 * const before = first(), putBack = copyWeights(model);
 * model.setWeights(buildCnn({ seed: 2, inputShape: [8, 8, 3] }).getWeights());
 * assert(first() !== before);
 * putBack();
 * assert(first() === before);
 * ```
 */
export function copyWeights(model: Network): () => void {
  const copies = model.getWeights().map((weight) => Float32Array.from(weight.dataSync()));
  return () => assignWeights(model, copies);
}

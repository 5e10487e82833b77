import { checkGradient } from "./layer_limits.ts";
import type { LayerCall } from "./network_graph.ts";
import { checkSeeded } from "./random_layers.ts";

/**
 * Checks that a network can be trained: that what it draws can be seeded, and that gradients go where there are
 * weights to train.
 *
 * @throws {RangeError} If it cannot, with a layer's name and what to do
 */
export function checkTrainable(calls: readonly LayerCall[]): void {
  // The values that depend on weights which are trained.
  const trained = new Set<number>();
  for (const { layer, inputs, outputs } of calls) {
    checkSeeded(layer);
    const isPassed = inputs.some((value) => trained.has(value));
    if (!isPassed && layer.trainableWeights.length === 0) continue;
    checkGradient(layer, isPassed);
    for (const value of outputs) trained.add(value);
  }
}

/**
 * Checks that images are what a layer wants that takes whole numbers.
 *
 * @param scale What becomes of bytes; default: they are divided by 255
 * @throws {RangeError} If bytes would become fractions, of which nothing but 0 and 1 would be left
 */
export function checkWholeNumbers(
  { ofWholeNumbers }: { readonly ofWholeNumbers: string | undefined },
  images: unknown,
  scale: string = "0..1",
): void {
  if (ofWholeNumbers === undefined || images instanceof Float32Array || scale === "0..255") return;
  throw new RangeError(
    `Layer "${ofWholeNumbers}" takes whole numbers, but bytes become fractions (${scale}): give images as a ` +
      'Float32Array, or read features with preprocessing: { scale: "0..255" }',
  );
}

import * as tf from "@tensorflow/tfjs";
import { denoInspect, jupyterDisplay } from "../base/display.ts";
import { type Fact, factsBundle, factsLine } from "../base/show.ts";

/** Layers of a long network that are shown: the first and the last ones. */
const SHOWN = 40;

function title(model: tf.LayersModel): string {
  const count = model.layers.length;
  if (!model.built) return `${model.getClassName()} of ${count} layers, not built yet`;
  return `${model.getClassName()} of ${count} layers, ${
    model.countParams().toLocaleString("en")
  } parameters`;
}

function sizes(shape: unknown): string {
  const isOne = !Array.isArray(shape) || !Array.isArray(shape[0]);
  const one = (each: unknown) =>
    Array.isArray(each) ? each.slice(1).map((size) => size ?? "any").join(" × ") : "?";
  return isOne ? one(shape) : (shape as unknown[]).map(one).join("; ");
}

function layerFacts({ layers }: tf.LayersModel): Fact[] {
  const facts = layers.map((layer): Fact => {
    if (!layer.built) return [layer.name, layer.getClassName()];
    const parameters = layer.countParams();
    const words = [layer.getClassName(), sizes(layer.outputShape)];
    if (parameters > 0) words.push(`${parameters.toLocaleString("en")} parameters`);
    return [layer.name, words.join(", ")];
  });
  if (facts.length <= SHOWN) return facts;
  const left = facts.length - SHOWN;
  return [...facts.slice(0, SHOWN / 2), ["…", `${left} more layers`], ...facts.slice(-SHOWN / 2)];
}

/**
 * Lets networks show themselves: as the last expression of a cell, tfjs's models would print thousands of
 * lines. Called once, when the room is loaded.
 */
export function showModels(): void {
  const hidden = { configurable: true, writable: true, enumerable: false };
  Object.defineProperties(tf.LayersModel.prototype, {
    [jupyterDisplay]: {
      ...hidden,
      value(this: tf.LayersModel) {
        return factsBundle(title(this), layerFacts(this));
      },
    },
    [denoInspect]: {
      ...hidden,
      value(this: tf.LayersModel) {
        if (!this.built) return factsLine(title(this), []);
        const output = this.outputs.map(({ shape }) => sizes(shape)).join("; ");
        const input = this.inputs.map(({ shape }) => sizes(shape)).join("; ");
        return factsLine(title(this), [["input", input], ["output", output]]);
      },
    },
  });
}

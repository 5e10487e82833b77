import * as tf from "@tensorflow/tfjs";
import { type Fact, showable } from "../base/show.ts";

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

function graphTitle(model: tf.GraphModel): string {
  // Declared private.
  const { executor } = model as unknown as { executor?: { graph: { nodes: object } } };
  if (!executor) return "GraphModel, not loaded yet";
  const { nodes } = executor.graph;
  return `GraphModel of ${Object.keys(nodes).length.toLocaleString("en")} nodes`;
}

function ends(tensors: readonly { name: string; shape?: unknown }[]): string {
  return tensors.map(({ name, shape }) => `${name}${shape ? ` (${sizes(shape)})` : ""}`).join("; ");
}

function graphFacts(model: tf.GraphModel): Fact[] {
  if (!(model as unknown as { executor?: object }).executor) return [];
  const { inputs, outputs, weights } = model;
  const parameters = Object.values(weights).flat().reduce((sum, { size }) => sum + size, 0);
  return [
    ["inputs", ends(inputs)],
    ["outputs", ends(outputs)],
    ["parameters", parameters.toLocaleString("en")],
  ];
}

/**
 * Lets networks show themselves: as the last expression of a cell, tfjs's models would print thousands of
 * lines. Called once, when the room is loaded.
 */
export function showModels(): void {
  showable(tf.LayersModel.prototype, title, layerFacts, (model) => {
    if (!model.built) return [];
    const all = (ends: readonly tf.SymbolicTensor[]) =>
      ends.map(({ shape }) => sizes(shape)).join("; ");
    return [["input", all(model.inputs)], ["output", all(model.outputs)]];
  });
  showable(tf.GraphModel.prototype, graphTitle, graphFacts);
}

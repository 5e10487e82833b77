import * as tf from "@tensorflow/tfjs";
import { suggestion } from "../../base/check.ts";
import { checkUsable } from "./layer_limits.ts";

/** A layer applied to values; nested models are replaced by what they are made of. */
export interface LayerCall {
  readonly layer: tf.layers.Layer;
  /** Place among the calls, in the order in which they can be computed. */
  readonly index: number;
  /** Numbers of the values that go in. */
  readonly inputs: readonly number[];
  /** Numbers of the values that come out: more than one only for layers with several outputs. */
  readonly outputs: readonly number[];
  /** Arguments that the layer was called with beside its inputs. */
  readonly callArgs: Readonly<Record<string, unknown>>;
}

/** What a model computes, as calls of layers on numbered values. */
export interface NetworkGraph {
  readonly calls: readonly LayerCall[];
  /** Numbers of the values that are wanted. */
  readonly outputs: readonly number[];
}

/** Number of the value that the images are. */
export const IMAGES = 0;

/** The parts of tfjs's nodes that its declarations hide. */
interface Node {
  readonly inputTensors: tf.SymbolicTensor[];
  readonly outputTensors: tf.SymbolicTensor[];
  readonly callArgs?: Record<string, unknown>;
}

/**
 * Writes a model out as calls of its layers, whatever their arrangement: chains, branches, layers that are
 * used more than once, models inside models. Only what the wanted values depend on is kept.
 *
 * @param until Names of the layers (also of a model inside) whose outputs are wanted; default: the model's own
 * @throws {RangeError} If the model has several inputs, or several outputs where its own is wanted; if no
 *   layer has that name, or one that is used more than once; if a layer cannot be used (see `layer_limits.ts`)
 */
export function networkGraph(model: tf.LayersModel, until?: readonly string[]): NetworkGraph {
  if (model.inputs.length !== 1) {
    throw new RangeError(
      `The model has ${model.inputs.length} inputs (${
        model.inputNames.join(", ")
      }): only models with one input are supported`,
    );
  }
  const calls: LayerCall[] = [];
  const valuesOfLayer = new Map<string, number[]>();
  let values = IMAGES + 1;

  const note = (layer: tf.layers.Layer, value: number) => {
    valuesOfLayer.set(layer.name, [...valuesOfLayer.get(layer.name) ?? [], value]);
  };

  /** The values of `tensors`, given those of a model's inputs. */
  const trace = (tensors: readonly tf.SymbolicTensor[], known: Map<number, number>): number[] =>
    tensors.map((tensor) => {
      const done = known.get(tensor.id);
      if (done !== undefined) return done;
      const layer = tensor.sourceLayer;
      const node = layer.inboundNodes[tensor.nodeIndex!] as unknown as Node;
      if (node.inputTensors.length === 0) {
        throw new RangeError(`The input "${layer.name}" does not come from the model's own input`);
      }
      // The last input first, as tfjs does: layers that are used more than once keep statistics in order.
      const inputs = trace(node.inputTensors.toReversed(), known).reverse();
      let outputs: number[];
      if (layer instanceof tf.LayersModel) {
        outputs = trace(
          layer.outputs,
          new Map(layer.inputs.map((input, i) => [input.id, inputs[i]!])),
        );
      } else {
        checkUsable(layer);
        outputs = node.outputTensors.map(() => values++);
        // States and constants of recurrent layers are among the inputs.
        const { training: _, initialState: __, constants: ___, ...callArgs } = node.callArgs ?? {};
        calls.push({ layer, index: calls.length, inputs, outputs, callArgs });
      }
      note(layer, outputs[0]!);
      node.outputTensors.forEach((output, i) => known.set(output.id, outputs[i]!));
      return known.get(tensor.id)!;
    });

  const known = new Map([[model.inputs[0]!.id, IMAGES]]);
  const own = trace(model.outputs, known);
  const outputs = until === undefined
    ? [ownOutput(model, own)]
    : until.map((name) => outputOf(name, valuesOfLayer, model));
  return { calls: needed(calls, outputs), outputs };
}

/** Names of the layers that {@linkcode networkGraph} knows, those of models inside included. */
export function layerNames(model: tf.LayersModel): string[] {
  const names = (layers: readonly tf.layers.Layer[]): string[] =>
    layers.flatMap((layer) => [
      ...(layer instanceof tf.LayersModel ? names(layer.layers) : []),
      ...(layer.getClassName() === "InputLayer" ? [] : [layer.name]),
    ]);
  return [...new Set(names(model.layers))];
}

function ownOutput(model: tf.LayersModel, outputs: readonly number[]): number {
  if (outputs.length === 1) return outputs[0]!;
  throw new RangeError(
    `The model has ${outputs.length} outputs (${
      model.outputNames.join(", ")
    }): only models with one output are supported`,
  );
}

function outputOf(
  name: string,
  valuesOfLayer: ReadonlyMap<string, number[]>,
  model: tf.LayersModel,
): number {
  const found = valuesOfLayer.get(name) ?? [];
  if (found.length === 1) return found[0]!;
  if (found.length === 0) {
    const names = layerNames(model).filter((known) => valuesOfLayer.has(known));
    throw new RangeError(`The model has no layer named "${name}"${suggestion(name, names)}`);
  }
  throw new RangeError(
    `Layer "${name}" is used ${found.length} times, so that its output is not one: ask for a layer behind it`,
  );
}

/** The calls that values depend on, numbered as they were in the whole model. */
function needed(calls: readonly LayerCall[], outputs: readonly number[]): LayerCall[] {
  const wanted = new Set(outputs);
  const kept: LayerCall[] = [];
  for (const call of calls.toReversed()) {
    if (!call.outputs.some((value) => wanted.has(value))) continue;
    for (const value of call.inputs) wanted.add(value);
    kept.push(call);
  }
  return kept.reverse();
}

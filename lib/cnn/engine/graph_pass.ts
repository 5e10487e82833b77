import * as tf from "@tensorflow/tfjs";
import { suggestion } from "../../base/check.ts";
import { asInput } from "./batches.ts";
import { inputShape } from "./image_arrays.ts";

/** The parts of tfjs's graph models that its declarations hide. */
interface Executor {
  readonly graph: { readonly nodes: Readonly<Record<string, { readonly op: string }>> };
}

/** Nodes that hold something and compute nothing. */
const NO_RESULT = new Set(["Const", "Placeholder", "NoOp"]);

/** A graph model as one function of a batch of images. */
export interface GraphPass {
  /** From a batch of images to the outputs that were asked for; the caller disposes of them. */
  readonly apply: (batch: tf.Tensor) => Promise<tf.Tensor[]>;
  /** How many images a batch must have; `undefined` where any number will do. */
  readonly batchSize: number | undefined;
  /** The input, if it takes whole numbers. */
  readonly ofWholeNumbers: string | undefined;
}

/**
 * A pass from images to the outputs of some of a graph model's nodes, or to its own.
 *
 * @param nodes Names of nodes; default: the model's one output
 * @throws {RangeError} If the model has several inputs, or several outputs where its own is wanted, or no node
 *   of a name (with the nearest there is)
 */
export function createGraphPass(
  model: tf.GraphModel,
  nodes?: readonly string[],
): GraphPass {
  const { inputNodes, outputNodes } = model;
  if (inputNodes.length !== 1) {
    throw new RangeError(
      `The model has ${inputNodes.length} inputs (${
        inputNodes.join(", ")
      }): only models with one input are supported`,
    );
  }
  if (!nodes && outputNodes.length !== 1) {
    throw new RangeError(
      `The model has ${outputNodes.length} outputs (${outputNodes.join(", ")}): name one as layer`,
    );
  }
  const { graph } = (model as unknown as { executor: Executor }).executor;
  const known = Object.keys(graph.nodes).filter((name) => !NO_RESULT.has(graph.nodes[name]!.op));
  for (const name of nodes ?? []) {
    if (!known.includes(name)) {
      throw new RangeError(`The model has no node named "${name}"${suggestion(name, known)}`);
    }
  }
  const wanted = [...nodes ?? outputNodes], shape = inputShape(model);
  const { dtype, name, shape: [batchSize = -1] = [] } = model.inputs[0]!;
  const isWhole = dtype === "int32";
  const apply = async (batch: tf.Tensor) => {
    const input = tf.tidy(() => {
      const images = shape && shape.length !== 3 ? asInput(batch, shape) : tf.clone(batch);
      return isWhole ? tf.cast(images, "int32") : images;
    });
    let outputs: tf.Tensor | tf.Tensor[];
    try {
      outputs = model.execute(input, wanted);
    } catch (error) {
      if (!/executeAsync/.test((error as Error).message)) throw error;
      outputs = await model.executeAsync(input, wanted);
    } finally {
      input.dispose();
    }
    const list = Array.isArray(outputs) ? outputs : [outputs];
    list.forEach((output, i) => {
      if (output.shape[0] === batch.shape[0]) return;
      throw new RangeError(
        `Node "${wanted[i]}" gives [${output.shape.join(", ")}] for ${batch.shape[0]} images: ` +
          "need one row an image",
      );
    });
    return list;
  };
  return {
    apply,
    batchSize: batchSize > 0 ? batchSize : undefined,
    ofWholeNumbers: isWhole ? name : undefined,
  };
}

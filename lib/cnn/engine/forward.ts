import type * as tf from "@tensorflow/tfjs";
import {
  type Match,
  PREDICTION_RULES,
  type Rule,
  type Surroundings,
  TRAINING_RULES,
} from "./forward_rules.ts";
import { asInput } from "./batches.ts";
import { checkTrainable } from "./check_network.ts";
import { inputShape } from "./image_arrays.ts";
import { hasLogits, isOfImages } from "./layer_kinds.ts";
import { takesWholeNumbers, withParts } from "./layer_limits.ts";
import { IMAGES, type LayerCall, networkGraph } from "./network_graph.ts";

/** What a {@linkcode ForwardPass} is told at each call. */
export interface ForwardOptions {
  /**
   * Runs the layers in training mode, as tfjs's `fit` does, with this seed for what they draw; without it
   * they predict.
   */
  readonly seed?: number;
}

/** A network as one function of a batch of images. */
export interface ForwardPass {
  /** Whether the images must come with a fourth channel of ones (see `foldConvolutions`). */
  readonly onesChannel: boolean;
  /** Whether logits come out (they were asked for, and the network ends in a soft-max). */
  readonly givesLogits: boolean;
  /** Most numbers that a layer puts out for an image. */
  readonly widest: number;
  /** A layer that takes whole numbers, places in a table, if there is one. */
  readonly ofWholeNumbers: string | undefined;
  /** Pieces that a prediction is computed in: layers that are done in one count as one. */
  readonly steps: number;
  /**
   * From images [n, height, width, channels] to the outputs of the last layer; a model that takes rows of
   * numbers gets each image as one, a model that takes sequences its rows.
   */
  apply(x: tf.Tensor, options?: ForwardOptions): tf.Tensor;
  /** Likewise, to the outputs of all layers that were asked for. */
  applyAll(x: tf.Tensor, options?: ForwardOptions): tf.Tensor[];
}

/** What {@linkcode createForwardPass} can be told. */
export interface ForwardPassOptions {
  /** Names of the layers whose outputs are wanted; by default the model's output. */
  readonly until?: string | readonly string[] | undefined;
  /** Leave out a soft-max at the end, so that its inputs, the logits, come out. */
  readonly logits?: boolean;
  /** Check that what layers draw in training can be seeded. */
  readonly training?: boolean;
}

/** A piece of the pass: some calls at once. */
interface Step {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly run: (inputs: tf.Tensor[], options: ForwardOptions) => tf.Tensor[];
}

/** What is not needed any more after a step. */
interface LastUses {
  readonly lastUses: readonly number[];
}

/**
 * Turns any layers model with one input into a function that computes the same, by the rules of
 * `forward_rules.ts` where one fits, else layer by layer, as tfjs does. The weights are read at each call,
 * so that the function follows the training of the model.
 *
 * @throws {RangeError} If the model cannot be written out as a graph (see `networkGraph`), or, for training, draws
 *   random numbers that cannot be seeded or has layers without a gradient
 */
export function createForwardPass(
  model: tf.LayersModel,
  options: ForwardPassOptions = {},
): ForwardPass {
  const { calls, outputs } = networkGraph(
    model,
    typeof options.until === "string" ? [options.until] : options.until,
  );
  const consumers = new Map<number, LayerCall[]>();
  for (const call of calls) {
    for (const value of call.inputs) consumers.set(value, [...consumers.get(value) ?? [], call]);
  }
  if (options.training) checkTrainable(calls);
  const last = outputs.length > 1
    ? undefined
    : calls.find((call) => call.outputs.includes(outputs[0]!));
  const around: Surroundings = {
    next: (call) => {
      const [value] = call.outputs;
      const takers = consumers.get(value!) ?? [];
      if (call.outputs.length > 1 || outputs.includes(value!) || takers.length !== 1) {
        return undefined;
      }
      return takers[0]!.inputs.length === 1 && takers[0]!.outputs.length === 1
        ? takers[0]
        : undefined;
    },
    takesImages: (call) => isOfImages(call) && consumers.get(IMAGES)!.length === 1,
    isLast: (call) => call === last,
    logits: options.logits === true,
  };
  const training = planned(calls, outputs, around, TRAINING_RULES);
  const prediction = planned(calls, outputs, around, PREDICTION_RULES);
  const wanted = inputShape(model)!;
  const applyAll = (x: tf.Tensor, state: ForwardOptions = {}) => {
    const { steps } = state.seed === undefined ? prediction : training;
    return run(steps, outputs, wanted.length === 3 ? x : asInput(x, wanted), state);
  };
  return {
    onesChannel: training.onesChannel,
    givesLogits: around.logits && last !== undefined && hasLogits(last.layer),
    widest: widest(model, calls),
    ofWholeNumbers: calls.find(({ layer }) => withParts(layer).some(takesWholeNumbers))?.layer.name,
    steps: prediction.steps.length,
    applyAll,
    apply: (x, state) => applyAll(x, state)[0]!,
  };
}

/** The steps that compute `wanted`, by the first rule that fits each call. */
function planned(
  calls: readonly LayerCall[],
  wanted: readonly number[],
  around: Surroundings,
  rules: readonly Rule[],
): { steps: readonly (Step & LastUses)[]; onesChannel: boolean } {
  let onesChannel = false;
  const done = new Set<LayerCall>();
  const steps: Step[] = [];
  for (const call of calls) {
    if (done.has(call)) continue;
    const match = firstMatch(call, around, rules);
    if (match?.onesChannel) onesChannel = true;
    for (const each of match?.calls ?? []) done.add(each);
    steps.push(match ? matchedStep(match) : layerStep(call));
  }
  return { steps: withLastUses(steps, wanted), onesChannel };
}

function firstMatch(
  call: LayerCall,
  around: Surroundings,
  rules: readonly Rule[],
): Match | undefined {
  if (call.inputs.length !== 1 || call.outputs.length !== 1) return undefined;
  for (const rule of rules) {
    const match = rule(call, around);
    if (match) return match;
  }
  return undefined;
}

function matchedStep({ calls, run }: Match): Step {
  return {
    inputs: calls[0]!.inputs,
    outputs: calls.at(-1)!.outputs,
    run: ([x], { seed }) => [run(x!, { seed })],
  };
}

/** A layer that no rule knows. */
function layerStep({ layer, inputs, outputs, callArgs }: LayerCall): Step {
  return {
    inputs,
    outputs,
    run: (values, { seed }) => {
      const output = layer.apply(values.length === 1 ? values[0]! : values, {
        ...callArgs,
        ...(seed === undefined ? {} : { training: true }),
      }) as tf.Tensor | tf.Tensor[];
      return Array.isArray(output) ? output : [output];
    },
  };
}

function run(
  steps: readonly (Step & LastUses)[],
  wanted: readonly number[],
  x: tf.Tensor,
  options: ForwardOptions,
): tf.Tensor[] {
  const values = new Map([[IMAGES, x]]);
  for (const step of steps) {
    const inputs = step.inputs.map((value) => values.get(value)!);
    const outputs = step.run(inputs, options);
    step.outputs.forEach((value, i) => values.set(value, outputs[i]!));
    // In training the gradients need what has been computed; in prediction a large batch needs the room.
    if (options.seed !== undefined) continue;
    for (const value of step.lastUses) {
      const tensor = values.get(value)!;
      if (!isAmong(tensor, values, value)) tensor.dispose();
      values.delete(value);
    }
  }
  return wanted.map((value) => values.get(value)!);
}

/** The steps with the values that nobody needs after each: all inputs but the images and what is wanted. */
function withLastUses(steps: readonly Step[], wanted: readonly number[]): (Step & LastUses)[] {
  const needed = new Set([IMAGES, ...wanted]);
  return steps.toReversed().map((step) => {
    const lastUses = [...new Set(step.inputs)].filter((value) => !needed.has(value));
    for (const value of step.inputs) needed.add(value);
    return { ...step, lastUses };
  }).reverse();
}

/** Whether a tensor is another value, too: some steps hand their input on. */
function isAmong(tensor: tf.Tensor, values: ReadonlyMap<number, tf.Tensor>, own: number): boolean {
  for (const [value, other] of values) if (value !== own && other === tensor) return true;
  return false;
}

function widest(model: tf.LayersModel, calls: readonly LayerCall[]): number {
  const sizes = calls.flatMap(({ layer }) => {
    const shapes = layer.inboundNodes.map((node) => node.outputShapes).flat(2);
    return shapes.length === 0 ? [] : [sizeOf(layer.inboundNodes[0]!.outputShapes)];
  });
  return Math.max(sizeOf(model.inputs[0]!.shape), ...sizes);
}

/** Numbers in a shape without its batch; unknown sizes count as 1. */
function sizeOf(shape: tf.Shape | tf.Shape[]): number {
  const shapes = Array.isArray(shape[0]) ? shape as tf.Shape[] : [shape as tf.Shape];
  return Math.max(...shapes.map((each) => each.slice(1).reduce<number>((a, b) => a * (b ?? 1), 1)));
}

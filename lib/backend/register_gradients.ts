import * as tf from "@tensorflow/tfjs-core";
import {
  BATCH_NORM_GRADIENT,
  BATCH_NORM_TRAINING,
  BATCH_NORM_TRAINING_GRADIENT,
  isPerColumn,
} from "./ops/batch_norm.ts";
import { UNARY_GRADIENT, type UnaryGradientAttrs } from "./ops/elementwise.ts";
import { SIMD_BACKEND } from "./simd_backend.ts";

type Gradients = ReturnType<tf.GradConfig["gradFunc"]>;
type Replacement = (
  dy: tf.Tensor,
  saved: tf.Tensor[],
  attrs: Record<string, unknown>,
) => Gradients | undefined;

const replaced = new WeakSet<tf.GradConfig>();

/**
 * Registers gradients that take one pass where tfjs's are composed of several operations. They stand for
 * tfjs's on this backend alone, and where the gradient itself is not differentiated.
 */
export function registerGradients(): void {
  const unary = (name: string, of: UnaryGradientAttrs["of"], ...parameters: string[]) =>
    replaceGradient(name, (dy, [x], attrs) => {
      if (x!.dtype !== "float32") return undefined;
      const given = parameters.map((parameter) => attrs[parameter] as number);
      return { x: () => run(UNARY_GRADIENT, { dy, x: x! }, { of, parameters: given })[0]! };
    });
  unary(tf.Relu, "relu");
  // Its result tells the same as its operand, which then need not be there.
  keepResult(tf.Relu);
  unary(tf.Relu6, "relu6");
  unary(tf.Square, "square");
  unary(tf.Sigmoid, "sigmoid");
  unary(tf.Tanh, "tanh");
  unary(tf.ClipByValue, "clip", "clipValueMin", "clipValueMax");
  unary(tf.LeakyRelu, "leakyRelu", "alpha");

  for (const name of [tf.Sum, tf.Mean]) {
    replaceGradient(name, (dy, [x], attrs) => {
      const axes = tf.util.parseAxisParam(attrs["axis"] as number[], x!.shape);
      const shape = x!.shape.map((length, axis) => axes.includes(axis) ? 1 : length);
      const count = tf.util.sizeFromShape(axes.map((axis) => x!.shape[axis]!));
      return {
        x: () => {
          const share = name === tf.Mean ? tf.div(dy, count) : dy;
          return tf.broadcastTo(tf.reshape(share, shape), x!.shape);
        },
      };
    });
  }

  replaceGradient(tf.FusedBatchNorm, (dy, [x, mean, variance, scale], attrs) => {
    const columns = x!.shape.at(-1)!;
    const isPlain = mean!.rank === 1 && isPerColumn(columns, mean, variance, scale);
    if (!isPlain) return undefined;
    const inputs = { dy, x: x!, mean: mean!, variance: variance!, ...(scale ? { scale } : {}) };
    const [dx, dmean, dvariance, dscale, doffset] = run(BATCH_NORM_GRADIENT, inputs, {
      varianceEpsilon: attrs["varianceEpsilon"] as number,
    });
    return {
      x: () => dx!.clone(),
      mean: () => dmean!.clone(),
      variance: () => dvariance!.clone(),
      scale: () => dscale!.clone(),
      offset: () => doffset!.clone(),
    };
  });

  if (!tf.getGradient(BATCH_NORM_TRAINING)) {
    tf.registerGradient({
      kernelName: BATCH_NORM_TRAINING,
      inputsToSave: ["x", "gamma"],
      outputsToSave: [false, true, true],
      gradFunc: (dys, saved, attrs) => {
        const [dy] = dys as tf.Tensor[];
        const [x, gamma, mean, variance] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
        const inputs = { dy: dy!, x, mean, variance, gamma };
        const [dx, dgamma, dbeta] = run(BATCH_NORM_TRAINING_GRADIENT, inputs, attrs);
        return { x: () => dx!.clone(), gamma: () => dgamma!.clone(), beta: () => dbeta!.clone() };
      },
    });
  }
}

/** Lets a gradient be told from the operation's result in place of its operand. */
function keepResult(kernelName: string): void {
  const config = tf.getGradient(kernelName);
  if (config) Object.assign(config, { inputsToSave: [], outputsToSave: [true] });
}

function replaceGradient(kernelName: string, replacement: Replacement): void {
  const original = tf.getGradient(kernelName);
  if (!original || replaced.has(original)) return;
  const config: tf.GradConfig = {
    ...original,
    gradFunc: (dy, saved, attrs) => {
      // Within a gradient of a gradient, operations that tfjs can differentiate are needed.
      const isLast = tf.engine().state.gradientDepth === 0;
      const isOurs = isLast && tf.getBackend() === SIMD_BACKEND && saved[0]?.size !== 0;
      const gradients = isOurs
        ? replacement(dy as tf.Tensor, saved, attrs as Record<string, unknown>)
        : undefined;
      return gradients ?? original.gradFunc(dy, saved, attrs);
    },
  };
  replaced.add(config);
  tf.unregisterGradient(kernelName);
  tf.registerGradient(config);
}

function run(name: string, inputs: tf.NamedTensorMap, attrs: object): tf.Tensor[] {
  return [
    tf.engine().runKernel(name, inputs, attrs as tf.NamedAttrMap) as tf.Tensor | tf.Tensor[],
  ].flat();
}

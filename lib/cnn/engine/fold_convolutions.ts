import * as tf from "@tensorflow/tfjs";

/** The weights of a convolution: kernel [height, width, in, out] and bias [out]. */
export interface ConvolutionWeights {
  readonly kernel: tf.Tensor4D;
  readonly bias: tf.Tensor1D;
}

/**
 * Composes two convolutions that have no activation between them into one with the same outputs.
 *
 * With h = x ∗ K₁ + b₁ and y = h ∗ K₂ + b₂, the composed kernel is K[u] = Σ K₁[u − p] K₂[p] over the
 * taps p: for the article's first block one 3 × 3 convolution of 4 channels instead of a 2 × 2 one of
 * 3 channels and a 2 × 2 one of 32, with a quarter of the arithmetic. What stops this from being exact
 * at the border is the zero padding of h: there the first bias must not count. So the bias b₁ enters
 * as one more input channel, of ones, which the padding sets to zero just where h is padded:
 * {@linkcode appendOnes} adds it to x. (Beyond the last row h would be zero but for b₁, since x is.)
 *
 * This holds for stride 1 and kernels of at most 2 × 2 with Keras's `same` padding, which pads them
 * after the last row and column only. Everything is made of differentiable tfjs operations, so the
 * gradients of all four weights follow.
 *
 * @returns kernel [h₁ + h₂ − 1, w₁ + w₂ − 1, in + 1, out] and bias [out]; the sum has to be padded with
 *   h₁ + h₂ − 2 rows below and w₁ + w₂ − 2 columns to the right
 */
export function foldConvolutions(
  first: ConvolutionWeights,
  second: ConvolutionWeights,
): ConvolutionWeights {
  return tf.tidy(() => {
    const [height1, width1, , middle] = first.kernel.shape;
    const [height2, width2] = second.kernel.shape;
    const bias = tf.pad(tf.reshape(first.bias, [1, 1, 1, middle]), [
      [0, height1 - 1],
      [0, width1 - 1],
      [0, 0],
      [0, 0],
    ]);
    // The first kernel as a batch of images [in + 1, h₁, w₁, middle], convolved in full with the second.
    const images = tf.transpose(
      tf.concat([first.kernel, bias as tf.Tensor4D], 2),
      [2, 0, 1, 3],
    ) as tf.Tensor4D;
    const padded = tf.pad(images, [
      [0, 0],
      [height2 - 1, height2 - 1],
      [width2 - 1, width2 - 1],
      [0, 0],
    ]) as tf.Tensor4D;
    const full = tf.conv2d(padded, turned(second.kernel), 1, "valid");
    return { kernel: tf.transpose(full, [1, 2, 0, 3]) as tf.Tensor4D, bias: second.bias };
  });
}

/** A kernel with its taps in reverse order, by a product with a permutation matrix, which is quick. */
function turned(kernel: tf.Tensor4D): tf.Tensor4D {
  const [height, width, channels, filters] = kernel.shape;
  const taps = height * width;
  if (taps === 1) return kernel;
  const order = Array.from({ length: taps }, (_, i) => taps - 1 - i);
  const permutation = tf.oneHot(tf.tensor1d(order, "int32"), taps)
    .toFloat() as tf.Tensor2D;
  const rows = tf.reshape(kernel, [taps, channels * filters]) as tf.Tensor2D;
  return tf.reshape(tf.matMul(permutation, rows), kernel.shape);
}

/** Adds a channel of ones to images [n, height, width, channels], for {@linkcode foldConvolutions}. */
export function appendOnes(x: tf.Tensor4D): tf.Tensor4D {
  return tf.concat([x, tf.ones([x.shape[0], x.shape[1], x.shape[2], 1])], 3) as tf.Tensor4D;
}

/** The padding that makes a folded convolution keep height and width. */
export function foldedPadding(folded: ConvolutionWeights): tf.backend_util.ExplicitPadding {
  const [height, width] = folded.kernel.shape;
  return [[0, 0], [0, height - 1], [0, width - 1], [0, 0]];
}

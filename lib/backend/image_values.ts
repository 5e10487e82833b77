import * as tf from "@tensorflow/tfjs-core";
import { defineKernel } from "../compute/define_kernel.ts";
import { Scope } from "../compute/scope.ts";
import { SIMD_BACKEND, type SimdBackend } from "./simd_backend.ts";

const KERNEL_NAME = "ImageValues";
/** Pixels of a task, as in the kernel. */
const PIXELS = 4096;

const imageKernel = defineKernel("imageValues", {
  x: "u8*",
  y: "f32*",
  n: "i32",
  channels: "i32",
  from: "i32*",
  values: "f32*",
  ones: "bool",
});

/** What the bytes of an image become: by channel, in the order in which the network takes channels. */
export interface PixelValues {
  /** The channel of the image that is the network's channel c. */
  readonly from: readonly number[];
  /** Values of the bytes 0 … 255 for the network's channel 0, then for channel 1, and so on. */
  readonly values: Float64Array;
}

interface Attrs {
  readonly images: Uint8Array;
  /** Height, width and channels of one. */
  readonly own: readonly [number, number, number];
  readonly rows: ArrayLike<number>;
  readonly pixels: PixelValues;
  readonly onesChannel: boolean;
}

/**
 * A tensor [rows, height, width, channels] of those images of bytes that `rows` names, each byte replaced by its
 * value, with one more channel of ones if asked for. On `simd` it is made in the shared memory, on all threads.
 *
 * @param images Images of bytes, one after the other, channels last
 * @param own Height, width and channels of one
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { setUpCompute } from "deep-features";
 * import { imageValues } from "./image_values.ts";
 *
 * await setUpCompute({ quiet: true });
 * const half = { from: [0], values: Float64Array.from({ length: 256 }, (_, byte) => byte / 2) };
 * const second = imageValues(Uint8Array.of(1, 2, 3, 4), [1], [1, 2, 1], half, false);
 * assert.deepEqual([...second.dataSync()], [1.5, 2]);
 * ```
 */
export function imageValues(
  images: Uint8Array,
  rows: ArrayLike<number>,
  own: readonly [height: number, width: number, channels: number],
  pixels: PixelValues,
  onesChannel: boolean,
): tf.Tensor4D {
  const attrs: Attrs = { images, own, rows, pixels, onesChannel };
  if (tf.getKernel(KERNEL_NAME, tf.getBackend())) {
    return tf.engine().runKernel(
      KERNEL_NAME,
      {},
      attrs as unknown as tf.NamedAttrMap,
    ) as tf.Tensor4D;
  }
  return tf.tensor4d(valuesOf(attrs), outShape(attrs));
}

/** Registers the kernel for the simd backend. */
export function registerImageValues(): void {
  tf.registerKernel({
    kernelName: KERNEL_NAME,
    backendName: SIMD_BACKEND,
    kernelFunc: ({ attrs, backend }) => {
      const given = attrs as unknown as Attrs;
      const { images, own: [height, width, channels], rows, pixels } = given, count = rows.length;
      using memory = new Scope();
      const size = height * width * channels, n = count * height * width;
      const x = memory.uint8(count * size);
      for (let i = 0; i < count; i++) {
        x.set(images.subarray(rows[i]! * size, (rows[i]! + 1) * size), i * size);
      }
      const from = memory.int32(channels), values = memory.float32(256 * channels);
      from.set(pixels.from);
      values.set(pixels.values);
      const { info, values: y } = (backend as SimdBackend).newTensor(outShape(given));
      const args = { x, y, n, channels, from, values, ones: given.onesChannel };
      imageKernel(Math.ceil(n / PIXELS), args);
      return info;
    },
  });
}

/** The same in plain TypeScript. */
function valuesOf(attrs: Attrs): Float32Array {
  const { images, own: [height, width, channels], rows, pixels: { from, values } } = attrs;
  const size = height * width * channels, outChannels = outShape(attrs)[3];
  const result = new Float32Array(rows.length * height * width * outChannels).fill(1);
  let to = 0;
  for (let i = 0; i < rows.length; i++) {
    let pixel = rows[i]! * size;
    for (const end = pixel + size; pixel < end; pixel += channels, to += outChannels) {
      for (let c = 0; c < channels; c++) {
        result[to + c] = values[256 * c + images[pixel + from[c]!]!]!;
      }
    }
  }
  return result;
}

function outShape({ rows, own: [height, width, channels], onesChannel }: Attrs) {
  const outChannels = channels + (onesChannel ? 1 : 0);
  return [rows.length, height, width, outChannels] as [number, number, number, number];
}

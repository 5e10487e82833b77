import * as tf from "@tensorflow/tfjs-core";
import type { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";

let isDone = false;

/**
 * Puts right what tfjs 4.22's CPU kernels compute wrongly, for the `cpu` backend and for what falls back
 * to it.
 *
 * The gradient of nearest-neighbor enlargement (`UpSampling2D`) reads the wrong images of a batch behind
 * the first one. Here it is what it is by definition: each pixel gets the sum of what its copies get.
 */
export function mendCpuKernels(): void {
  if (isDone) return;
  isDone = true;
  tf.unregisterKernel(tf.ResizeNearestNeighborGrad, "cpu");
  tf.registerKernel({
    kernelName: tf.ResizeNearestNeighborGrad,
    backendName: "cpu",
    kernelFunc: ({ inputs, attrs, backend }) => {
      const cpu = backend as MathBackendCPU;
      const [images, dy] = [inputs["images"]!, inputs["dy"]!];
      const given = cpu.data.get(dy.dataId).values as Float32Array;
      const [batch, height, width, channels] = images.shape as [number, number, number, number];
      const [, outHeight, outWidth] = dy.shape as [number, number, number, number];
      const rows = sources(outHeight, height, attrs), columns = sources(outWidth, width, attrs);
      const sums = new Float32Array(batch * height * width * channels);
      let from = 0;
      for (let b = 0; b < batch; b++) {
        for (let row = 0; row < outHeight; row++) {
          for (let column = 0; column < outWidth; column++) {
            const to = ((b * height + rows[row]!) * width + columns[column]!) * channels;
            for (let c = 0; c < channels; c++) sums[to + c]! += given[from++]!;
          }
        }
      }
      return cpu.makeTensorInfo(images.shape, "float32", sums);
    },
  });
}

/** Which pixel each pixel of an enlarged side is a copy of. */
function sources(enlarged: number, side: number, attrs: tf.NamedAttrMap | undefined): number[] {
  const { alignCorners, halfPixelCenters } = (attrs ?? {}) as unknown as
    & tf.ResizeNearestNeighborGradAttrs
    & { halfPixelCenters?: boolean };
  const isAligned = alignCorners && enlarged > 1;
  const scale = isAligned ? (side - 1) / (enlarged - 1) : side / enlarged;
  return Array.from({ length: enlarged }, (_, at) => {
    const place = scale * (halfPixelCenters ? at + 0.5 : at);
    return Math.min(side - 1, alignCorners ? Math.round(place) : Math.floor(place));
  });
}

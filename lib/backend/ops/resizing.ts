import * as tf from "@tensorflow/tfjs-core";
import { defineKernel } from "../../compute/define_kernel.ts";
import { Scope } from "../../compute/scope.ts";
import { areFloats, overrideKernel } from "./kernel_override.ts";
import { type ResizeAttrs, type ResizePlan, resizePlan } from "./resize_plan.ts";

const RESIZED = {
  x: "f32*",
  y: "f32*",
  rows: "i32*",
  columns: "i32*",
  rowShares: "f32*",
  columnShares: "f32*",
  height: "i32",
  width: "i32",
  channels: "i32",
  outHeight: "i32",
  outWidth: "i32",
  isNearest: "bool",
} as const;

const resize = defineKernel("resize", RESIZED);
const resizeGradient = defineKernel("resizeGradient", RESIZED);

type Shape4 = [number, number, number, number];
type Kind = "bilinear" | "nearest";

/** Registers resizing, bilinear and to the nearest pixel, and the gradients of both. */
export function registerResizing(): void {
  const kinds = [
    ["bilinear", tf.ResizeBilinear, tf.ResizeBilinearGrad],
    ["nearest", tf.ResizeNearestNeighbor, tf.ResizeNearestNeighborGrad],
  ] as const;
  for (const [kind, forward, backward] of kinds) {
    overrideKernel<ResizeAttrs & { size: [number, number] }>(
      forward,
      ({ inputs, attrs, backend }) => {
        const images = inputs["images"]!;
        const [n, height, width, channels] = images.shape as Shape4;
        const [outHeight, outWidth] = attrs.size;
        if (!areFloats(images) || outHeight < 1 || outWidth < 1) return undefined;
        const { info, values: y } = backend.newTensor([n, outHeight, outWidth, channels]);
        const sizes = { height, width, channels, outHeight, outWidth };
        withPlan(kind, sizes, attrs, (plan) => {
          resize(n * outHeight, { x: backend.values(images), y, ...sizes, ...plan });
        });
        return info;
      },
    );
    overrideKernel<ResizeAttrs>(backward, ({ inputs, attrs, backend }) => {
      const images = inputs["images"]!, dy = inputs["dy"]!;
      if (!areFloats(images, dy)) return undefined;
      const [n, height, width, channels] = images.shape as Shape4;
      const [, outHeight, outWidth] = dy.shape as Shape4;
      const { info, values: x } = backend.newTensor(images.shape);
      const sizes = { height, width, channels, outHeight, outWidth };
      withPlan(kind, sizes, attrs, (plan) => {
        resizeGradient(n, { x, y: backend.values(dy), ...sizes, ...plan });
      });
      return info;
    });
  }
}

interface Sizes {
  readonly height: number;
  readonly width: number;
  readonly outHeight: number;
  readonly outWidth: number;
}

/** The tables as the kernels read them. */
interface Tables {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  readonly rowShares: Float32Array;
  readonly columnShares: Float32Array;
  readonly isNearest: boolean;
}

function withPlan(
  kind: Kind,
  { height, width, outHeight, outWidth }: Sizes,
  attrs: ResizeAttrs,
  run: (tables: Tables) => void,
): void {
  using memory = new Scope();
  const pixels = ({ before, behind }: ResizePlan) => {
    const view = memory.int32(2 * before.length);
    view.set(before);
    view.set(behind, before.length);
    return view;
  };
  const shares = ({ shares }: ResizePlan) => {
    const view = memory.float32(shares.length);
    view.set(shares);
    return view;
  };
  const down = resizePlan(height, outHeight, kind, attrs);
  const across = resizePlan(width, outWidth, kind, attrs);
  run({
    rows: pixels(down),
    columns: pixels(across),
    rowShares: shares(down),
    columnShares: shares(across),
    isNearest: kind === "nearest",
  });
}

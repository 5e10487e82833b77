import type { Dataset } from "../../dataset/load_cifar10.ts";

/** A process with tfjs and the kernels, before any work; and what a training or a fit needs for itself. */
const PROCESS = 400 * 2 ** 20, WORK = 300 * 2 ** 20;
/** Width of the article's features. */
const FEATURES = 512;
const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;
/** As loaded, as copied to shared memory, and as the rectified copy of a network's outputs. */
const COPIES = 3;

/** About how much memory jobs need, in bytes: what two of them need together decides whether both may run. */
export const jobMemory = {
  train: ({ train }: Pick<Dataset, "train">): number => PROCESS + WORK + 2 * train.images.length,
  compare: ({ train, test }: Pick<Dataset, "train" | "test">): number => {
    const rows = train.labels.length + test.labels.length;
    const images = train.images.length + test.images.length;
    return PROCESS + WORK + 2 * images + COPIES * rows * FEATURES * FLOAT_BYTES;
  },
  score: (X: { readonly rows: number; readonly cols: number }, isShared: boolean): number =>
    PROCESS + COPIES * X.rows * X.cols * FLOAT_BYTES +
    // Products and kernel values of all rows with each other.
    (isShared ? 2 * FLOAT_BYTES * X.rows ** 2 : WORK),
};

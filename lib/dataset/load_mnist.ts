import { join } from "@std/path";
import { checkOptions, listOf, type Rules, text } from "../base/check.ts";
import { parseIdx } from "./engine/idx_format.ts";
import type { Dataset } from "./load_cifar10.ts";
import type { Split } from "./split.ts";
import { showDataset } from "./engine/show_images.ts";

/** What {@linkcode loadMnist} can be told. */
export interface MnistOptions {
  /** Names of the classes; default `"0"` … `"9"`, MNIST's. */
  readonly classNames?: readonly string[];
  /** What the images are, for {@linkcode sourceNotice}; default: the folder's path. */
  readonly source?: string;
}

const RULES: Rules<MnistOptions> = { classNames: listOf(text), source: text };

const DIGITS = Array.from({ length: 10 }, (_, digit) => String(digit));

/**
 * Loads MNIST, or another data set in its IDX format (Fashion-MNIST, KMNIST): a folder with
 * `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
 * `t10k-labels-idx1-ubyte`, each with or without `.gz`.
 *
 * @returns Grey images, [n, 28, 28, 1]
 * @throws {Deno.errors.NotFound} If a file is missing, naming it
 * @throws {RangeError} If a file is damaged or of another format, labels and images differ in number, or a
 *   label has no name
 * @throws {TypeError} If an option is of a wrong kind or unknown
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { loadMnist } from "deep-features/dataset";
 *
 * // Two images of 2 × 2 pixels in each part, for this to run anywhere.
 * const folder = await Deno.makeTempDir();
 * for (const part of ["train", "t10k"]) {
 *   const images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8];
 *   await Deno.writeFile(`${folder}/${part}-images-idx3-ubyte`, Uint8Array.from(images));
 *   await Deno.writeFile(`${folder}/${part}-labels-idx1-ubyte`, Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 9, 3));
 * }
 * const { train } = await loadMnist(folder);
 * assert(train.shape.join() === "2,2,2,1" && train.labels.join() === "9,3" && train.images[7] === 8);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function loadMnist(folder: string, options: MnistOptions = {}): Promise<Dataset> {
  checkOptions("loadMnist", options, RULES);
  const { classNames = DIGITS, source = folder } = options;
  return showDataset({
    train: await readPart(folder, "train", classNames.length),
    test: await readPart(folder, "t10k", classNames.length),
    classNames,
    source,
    official: false,
  });
}

async function readPart(folder: string, part: string, classes: number): Promise<Split> {
  const images = await readIdx(folder, `${part}-images`, 3);
  const labels = await readIdx(folder, `${part}-labels`, 1);
  const [n, height, width] = images.shape as [number, number, number];
  if (n !== labels.shape[0]) {
    throw new RangeError(
      `${images.path} holds ${n} images, ${labels.path} ${labels.shape[0]} labels`,
    );
  }
  const unnamed = labels.data.findIndex((label) => label >= classes);
  if (unnamed >= 0) {
    throw new RangeError(
      `${labels.path}: label ${labels.data[unnamed]} at ${unnamed} is not one of the ${classes} ` +
        "classes: the option classNames names them",
    );
  }
  return { images: images.data, labels: labels.data, shape: [n, height, width, 1] };
}

async function readIdx(folder: string, name: string, dimensions: number) {
  const first = `${name}-idx${dimensions}-ubyte`;
  for (
    const file of [
      first,
      `${first}.gz`,
      first.replace("-idx", ".idx"),
      `${first.replace("-idx", ".idx")}.gz`,
    ]
  ) {
    const path = join(folder, file);
    const bytes = await Deno.readFile(path).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    });
    if (!bytes) continue;
    const { data, shape } = parseIdx(bytes, path);
    if (shape.length !== dimensions) {
      throw new RangeError(`${path} has ${shape.length} dimensions: need ${dimensions}`);
    }
    return { data, shape, path };
  }
  throw new Deno.errors.NotFound(`${join(folder, first)} is missing, and so is ${first}.gz`);
}

import { type Fact, showable } from "../../base/show.ts";
import type { ImageFolder } from "../image_folder.ts";
import type { ImageStream } from "../image_stream.ts";
import type { Dataset } from "../load_cifar10.ts";
import type { Split } from "../split.ts";

/** Classes that are named; of more, the number is told. */
const NAMED = 20;

/** Lets a split show itself in a notebook and in `console.log`, where it would print its bytes. */
export function showSplit<T extends Split>(split: T): T {
  return showable(split, "Split", splitFacts);
}

/** Likewise a data set, and its two splits. */
export function showDataset<T extends Dataset>(data: T): T {
  showSplit(data.train);
  showSplit(data.test);
  return showable(data, "Dataset", datasetFacts);
}

/** Likewise what was read of a folder or a table of pictures; its split shows itself already. */
export function showFolder(folder: ImageFolder): ImageFolder {
  return showable(folder, "ImageFolder", ({ images, classNames, skipped, passedOver }) => [
    ["images", images.shape[0]],
    ["size", images.shape.slice(1).join(" × ")],
    ["classes", classesInWords(classNames)],
    ["skipped", skipped.length],
    ["passed over", passedOver.length],
  ]);
}

/** Likewise a folder whose pictures are read when they are needed. */
export function showStream(stream: ImageStream): ImageStream {
  return showable(stream, "ImageStream", ({ files, size, classNames, passedOver }) => [
    ["images", files.length],
    ["size", size.join(" × ")],
    ["classes", classesInWords(classNames)],
    ["passed over", passedOver.length],
  ]);
}

function splitFacts({ shape: [n, ...size], labels }: Split): Fact[] {
  return [["images", n], ["size", size.join(" × ")], ["classes", new Set(labels).size]];
}

function datasetFacts({ train, test, classNames, source, official }: Dataset): Fact[] {
  return [
    ["training images", train.shape[0]],
    ["test images", test.shape[0]],
    ["size", train.shape.slice(1).join(" × ")],
    ["classes", classesInWords(classNames)],
    ["source", official ? `${source}, the official archive` : source],
  ];
}

function classesInWords(names: readonly string[]): string {
  return names.length > NAMED ? String(names.length) : names.join(", ");
}

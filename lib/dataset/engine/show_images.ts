import { denoInspect, jupyterDisplay } from "../../base/display.ts";
import { type Fact, factsBundle, factsLine } from "../../base/show.ts";
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

function splitFacts({ shape: [n, ...size], labels }: Split): Fact[] {
  return [["images", n], ["size", size.join(" × ")], ["classes", new Set(labels).size]];
}

function datasetFacts({ train, test, classNames, source, official }: Dataset): Fact[] {
  const count = classNames.length;
  return [
    ["training images", train.shape[0]],
    ["test images", test.shape[0]],
    ["size", train.shape.slice(1).join(" × ")],
    ["classes", count > NAMED ? count : classNames.join(", ")],
    ["source", official ? `${source}, the official archive` : source],
  ];
}

/** What an object shows is read when it is shown; nothing of it is listed among its own properties. */
function showable<T extends object>(value: T, title: string, facts: (value: T) => Fact[]): T {
  return Object.defineProperties(value, {
    [jupyterDisplay]: { value: () => factsBundle(title, facts(value)), configurable: true },
    [denoInspect]: { value: () => factsLine(title, facts(value)), configurable: true },
  });
}

import type { MethodSummary } from "./summarize_methods.ts";

/** A comparison of a softmax with a support vector machine on the outputs of a network. */
export interface SoftmaxAndSvm {
  readonly source: string;
  readonly images: string;
  readonly svm: string;
  /** Test accuracy with the softmax, in per cent. */
  readonly "softmax, %": number;
  /** Test accuracy with the SVM, in per cent. */
  readonly "SVM, %": number;
}

/** From the abstracts; Tang gives errors, of 14.0 % and 11.9 %. */
const PUBLISHED: readonly SoftmaxAndSvm[] = [
  {
    source: "Tang 2013, arXiv 1306.0239",
    images: "CIFAR-10",
    svm: "linear, trained with the network",
    "softmax, %": 86,
    "SVM, %": 88.1,
  },
  {
    source: "Agarap 2017, arXiv 1712.03541",
    images: "MNIST",
    svm: "linear, trained with the network",
    "softmax, %": 99.23,
    "SVM, %": 99.04,
  },
  {
    source: "Agarap 2017, arXiv 1712.03541",
    images: "Fashion-MNIST",
    svm: "linear, trained with the network",
    "softmax, %": 91.86,
    "SVM, %": 90.72,
  },
];

/**
 * Published accuracies of a softmax and an SVM, and beneath them those of this run: each SVM of `summary`
 * beside its softmax.
 *
 * @param images What the images are
 * @throws {RangeError} If the summary has no softmax
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { besidePublished } from "deep-features";
 *
 * const summary = [{ name: "SVM (RBF)", mean: 0.71 }, { name: "softmax", mean: 0.69 }];
 * const ours = besidePublished(summary, "CIFAR-10").at(-1)!;
 * assert.equal(ours["SVM, %"], 71);
 * ```
 */
export function besidePublished(
  summary: readonly MethodSummary[],
  images: string,
): SoftmaxAndSvm[] {
  const softmax = summary.find(({ name }) => name === "softmax");
  if (!softmax) throw new RangeError("The summary has no softmax");
  return [
    ...PUBLISHED,
    ...summary.filter(({ name }) => name.startsWith("SVM")).map(({ name, mean }) => ({
      source: "this run",
      images,
      svm: `${name}, on the fixed network`,
      "softmax, %": 100 * softmax.mean,
      "SVM, %": 100 * mean,
    })),
  ];
}

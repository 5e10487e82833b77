import type { MethodKey } from "./methods.ts";
import type { MethodSummary } from "./summarize_methods.ts";

/** A comparison of a softmax with a support vector machine on the outputs of a network. */
export interface SoftmaxAndSvm {
  readonly source: string;
  readonly images: string;
  readonly svm: string;
  /** Test accuracy with the softmax, in per cent. */
  readonly softmaxPercent: number;
  /** Test accuracy with the SVM, in per cent. */
  readonly svmPercent: number;
}

/** The support vector machines among the methods. */
const SVMS: readonly string[] = [
  "svm",
  "tunedSvm",
  "linearSvm",
  "tunedLinearSvm",
] satisfies MethodKey[];

/** From the abstracts; Tang gives errors, of 14.0 % and 11.9 %. */
const PUBLISHED: readonly SoftmaxAndSvm[] = [
  {
    source: "Tang 2013, arXiv 1306.0239",
    images: "CIFAR-10",
    svm: "linear, trained with the network",
    softmaxPercent: 86,
    svmPercent: 88.1,
  },
  {
    source: "Agarap 2017, arXiv 1712.03541",
    images: "MNIST",
    svm: "linear, trained with the network",
    softmaxPercent: 99.23,
    svmPercent: 99.04,
  },
  {
    source: "Agarap 2017, arXiv 1712.03541",
    images: "Fashion-MNIST",
    svm: "linear, trained with the network",
    softmaxPercent: 91.86,
    svmPercent: 90.72,
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
 * const summary = [
 *   { method: "svm", name: "SVM (RBF)", mean: 0.71 },
 *   { method: "softmax", name: "softmax", mean: 0.69 },
 * ];
 * const ours = besidePublished(summary, "CIFAR-10").at(-1)!;
 * assert.equal(ours.svmPercent, 71);
 * ```
 */
export function besidePublished(
  summary: readonly MethodSummary[],
  images: string,
): SoftmaxAndSvm[] {
  const softmax = summary.find(({ method }) => method === "softmax");
  if (!softmax) throw new RangeError("The summary has no softmax");
  return [
    ...PUBLISHED,
    ...summary.filter(({ method }) => SVMS.includes(method)).map(({ name, mean }) => ({
      source: "this run",
      images,
      svm: `${name}, on the fixed network`,
      softmaxPercent: 100 * softmax.mean,
      svmPercent: 100 * mean,
    })),
  ];
}

import { basename } from "@std/path";
import { cachePath, fingerprint } from "../../article/cache.ts";
import { type TrainedCnnOptions, untrainedCnn } from "../../article/trained_cnn.ts";
import { exists } from "../../base/exists.ts";
import { buildCnn } from "../../cnn/build_cnn.ts";
import { learningText } from "../../cnn/learning_options.ts";
import { loadModel } from "../../cnn/load_model.ts";
import { networkTexts } from "../../cnn/network_text.ts";
import { saveModel } from "../../cnn/save_model.ts";
import type { Dataset } from "../../dataset/load_cifar10.ts";
import { type Split, VALIDATION_SPLIT } from "../../dataset/split.ts";
import type { SentDataset, SentSplit, SentTraining } from "../job.ts";
import { filesOf, keepInput, type KeptFile, pathOf } from "./kept_files.ts";

/** A training as a job names it. */
export interface DescribedTraining {
  readonly training: SentTraining;
  /** Name of the trained network in the cache. */
  readonly name: string;
  readonly inputs: readonly KeptFile[];
}

/**
 * Describes how a network is trained.
 *
 * @returns Undefined, with a word, if the network cannot be saved so that it comes out as it was
 */
export async function describeTraining(
  data: Dataset,
  options: TrainedCnnOptions,
): Promise<DescribedTraining | undefined> {
  const { model, settings } = untrainedCnn(data, options);
  try {
    const { epochs, batchSize, seed, validationSplit = VALIDATION_SPLIT, build } = options;
    const isArticle = build === undefined || build === buildCnn;
    const network = isArticle ? "article" : basename(cachePath("network", settings));
    const training = { epochs, batchSize, seed, validationSplit, learning: learningText(options) };
    const name = basename(cachePath("cnn", settings));
    if (isArticle) return { training: { ...training, network }, name, inputs: [] };
    if (!await exists(pathOf(network))) await saveModel(model, pathOf(network));
    const loaded = await loadModel(pathOf(network));
    const isEqual = networkTexts(loaded).join() === networkTexts(model).join();
    loaded.dispose();
    if (!isEqual) throw new RangeError("it is another one when it is loaded again");
    return { training: { ...training, network }, name, inputs: await filesOf(network) };
  } catch (error) {
    console.warn(
      `This network cannot be sent to the workers (${
        (error as Error).message
      }): it is trained here`,
    );
    return undefined;
  } finally {
    model.dispose();
  }
}

/** A data set as jobs name it, and the files that hold it. */
export async function describeData(
  { train, test, classNames }: Pick<Dataset, "train" | "classNames"> & Partial<Dataset>,
): Promise<{ data: SentDataset; inputs: KeptFile[] }> {
  const data = {
    train: describeSplit(train),
    ...(test ? { test: describeSplit(test) } : {}),
    classNames,
  };
  const inputs: KeptFile[] = [];
  for (const split of test ? [train, test] : [train]) {
    inputs.push(await keepInput([split.images, split.labels], fingerprint(split)));
  }
  return { data, inputs };
}

function describeSplit(split: Split): SentSplit {
  return { sha256: fingerprint(split), shape: split.shape };
}

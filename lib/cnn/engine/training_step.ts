import * as tf from "@tensorflow/tfjs";
import { createBreather } from "../../notebook/progress.ts";
import type { Augment } from "./augment.ts";
import { augmented } from "./augmented.ts";
import { imageBatch, predictionBatch, range } from "./batches.ts";
import { applyConstraints } from "./constraints.ts";
import type { ForwardPass } from "./forward.ts";
import type { LabeledImages } from "./image_arrays.ts";
import type { Objective } from "./objective.ts";
import { decay } from "./optimizer.ts";

/** What a step needs beside its images. */
export interface Training {
  readonly model: tf.LayersModel;
  readonly pass: ForwardPass;
  readonly objective: Objective;
  readonly weights: tf.Variable[];
  /** The weights that decay. */
  readonly kernels: readonly tf.Variable[];
  readonly data: LabeledImages;
  readonly augment?: Augment | undefined;
}

/** Figures of a batch. */
interface Figures {
  readonly loss: number;
  readonly hits: number;
  readonly metrics: readonly number[];
}

/** What a step is told. */
export interface StepOptions {
  /** Seed of what the layers draw. */
  readonly seed: number;
  /** Seed of what happens to the images in this epoch. */
  readonly epochSeed: number;
  /** How much smaller kernels become before the step, as a share of themselves. */
  readonly decay: number;
}

/** One step of the optimizer. */
export async function trainingStep(
  { model, pass, objective, weights, kernels, data, augment }: Training,
  rows: Uint32Array,
  options: StepOptions,
): Promise<Figures> {
  const step = tf.tidy(() => {
    const images = augment
      ? imageBatch(
        augmented(data, rows, augment, options.epochSeed),
        range(0, rows.length),
        pass.onesChannel,
      )
      : imageBatch(data, rows, pass.onesChannel);
    const target = objective.target(rows);
    let hits: tf.Scalar | undefined, metrics: tf.Scalar[] = [];
    try {
      const { value, grads } = tf.variableGrads(() => {
        const output = pass.apply(images, { seed: options.seed });
        hits = tf.keep(objective.hits(rows, output));
        metrics = objective.metrics(rows, output).map((metric) => tf.keep(metric));
        const loss = objective.loss(target, output, rows);
        const penalties = objective.penalties();
        return penalties ? tf.add(loss, penalties) : loss;
      }, weights);
      if (options.decay > 0) decay(kernels, options.decay);
      model.optimizer.applyGradients(grads);
      applyConstraints(model);
      return { loss: value, hits: hits!, metrics };
    } catch (error) {
      // What is kept outlives the tidy, also when the step fails, as when the memory runs out.
      tf.dispose([hits, metrics]);
      const operation = /gradient function not found for (\w+)/.exec(String(error))?.[1];
      if (!operation) throw error;
      throw new RangeError(
        `The network cannot be trained: tfjs has no gradient of ${operation}, which a layer or the loss computes`,
        { cause: error },
      );
    }
  });
  const [[loss], [hits], ...metrics] = await Promise.all(
    [step.loss, step.hits, ...step.metrics].map((figure) => figure.data()),
  ) as [Float32Array, Float32Array, ...Float32Array[]];
  tf.dispose(step);
  return { loss: loss!, hits: hits!, metrics: metrics.map(([value]) => value!) };
}

/** Sums of figures over images, and their means. */
export class Sums {
  #loss = 0;
  #hits = 0;
  #images = 0;
  readonly #metrics: number[];

  constructor(readonly names: readonly string[]) {
    this.#metrics = names.map(() => 0);
  }

  add({ loss, hits, metrics }: Figures, images: number): void {
    this.#loss += loss * images;
    this.#hits += hits;
    this.#images += images;
    metrics.forEach((value, i) => this.#metrics[i]! += value * images);
  }

  get loss(): number {
    return this.#loss / this.#images;
  }

  get accuracy(): number {
    return this.#hits / this.#images;
  }

  get metrics(): number[] {
    return this.#metrics.map((sum) => sum / this.#images);
  }
}

/** Figures over the images `begin` … `end - 1`, without penalties. */
export async function evaluate(
  pass: ForwardPass,
  objective: Objective,
  data: LabeledImages,
  begin: number,
  end: number,
  signal: AbortSignal | undefined,
): Promise<Sums> {
  const breathe = createBreather();
  const sums = new Sums(objective.metricNames);
  const batchSize = predictionBatch(pass.widest);
  for (let from = begin; from < end; from += batchSize) {
    signal?.throwIfAborted();
    const rows = range(from, Math.min(end, from + batchSize));
    const figures = tf.tidy(() => {
      const target = objective.target(rows);
      const output = pass.apply(imageBatch(data, rows, pass.onesChannel));
      return [
        objective.loss(target, output),
        objective.hits(rows, output),
        ...objective.metrics(rows, output),
      ];
    });
    const [[loss], [hits], ...metrics] = await Promise.all(
      figures.map((figure) => figure.data()),
    ) as [Float32Array, Float32Array, ...Float32Array[]];
    tf.dispose(figures);
    sums.add({ loss: loss!, hits: hits!, metrics: metrics.map(([value]) => value!) }, rows.length);
    await breathe();
  }
  return sums;
}

/**
 * Sweeps that outgrow one machine: parts of comparisons, grid searches and trainings as jobs of a queue (BullMQ on
 * Redis or Valkey), workers that take them, and what hands them over where `SWEEP_QUEUE` names a queue. Nothing
 * else of the library loads this room; `deep-features` does, if that variable is set.
 * May import `article/`, `model_selection/`, `classifiers/`, `svm/`, `cnn/`, `dataset/`, `backend/`, `compute/`,
 * `notebook/` and `base/`.
 *
 * @module
 */
export { openSweep } from "./open_sweep.ts";
export { runWorker, type WorkerOptions } from "./worker.ts";

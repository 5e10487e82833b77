import {
  buildCnn,
  GridSearch,
  hiddenFeatures,
  loadCifar10,
  Matrix,
  readPreset,
  setUpCompute,
  Svc,
  type SvcOptions,
  trainCnn,
  Umap,
} from "deep-features";
import { threads } from "deep-features/compute";
import { runPeer } from "./peer.ts";
import { PeerFiles } from "./peer_files.ts";
import type { BenchRow } from "./row.ts";

/** Epochs that are measured; the times are scaled to the article's 20. */
const EPOCHS = Number(Deno.env.get("BENCH_EPOCHS") ?? "20");
const ARTICLE_EPOCHS = 20;
const C_VALUES = [0.3, 1, 3, 10], GAMMA_FACTORS = [0.25, 0.5, 1, 2];

/** The parts of the article's work, by the names that the peer's script gives them. */
const PARTS = {
  train: `training, ${ARTICLE_EPOCHS} epochs of 40,000 + 10,000 images, PyTorch`,
  features: "hidden features of 50,000 images, PyTorch",
  umap: "UMAP of 50,000 × 512, umap-learn",
  fit: "SVC fit, 50,000 × 512, defaults, scikit-learn",
  predict: "SVC predict 10,000 from 50,000 × 512, scikit-learn",
  grid: "grid search, 4 × 4 over 5 folds of 10,000 rows, scikit-learn on all cores",
} as const;
type Part = keyof typeof PARTS;

/**
 * The article's work, and the same in Python, part by part; but for the second fit, with what the grid
 * search finds, which costs what the first does. Takes most of an hour with all epochs.
 */
export async function benchArticle(): Promise<BenchRow[]> {
  await setUpCompute({ backend: "simd", quiet: true });
  const { train, test } = await loadCifar10();
  const preset = readPreset("article");
  const ours = {} as Record<Part, number>;
  const timed = async <T>(part: Part, work: () => Promise<T>) => {
    const start = performance.now();
    const result = await work();
    ours[part] = (performance.now() - start) / 1000;
    console.log(`${part}: ${ours[part].toFixed(1)} s`);
    return result;
  };
  const model = buildCnn({ seed: 0 });
  await timed("train", () => trainCnn(model, train, { epochs: EPOCHS }));
  const X = await timed("features", () => hiddenFeatures(model, train));
  const Xt = await hiddenFeatures(model, test);
  await timed("umap", () => new Umap().fit(X));
  const svc = await timed("fit", () => new Svc().fit(X, train.labels));
  await timed("predict", () => svc.predict(Xt));
  const gammas = GAMMA_FACTORS.map((factor) => factor * svc.fitted.kernel.gamma);
  const rows = preset.gridRows;
  await timed("grid", () =>
    new GridSearch(
      (parameters: SvcOptions) => new Svc(parameters),
      { C: C_VALUES, gamma: gammas },
      { folds: preset.folds, refit: false },
    ).fit(
      new Matrix(X.data.subarray(0, rows * X.cols), rows, X.cols),
      train.labels.subarray(0, rows),
    ));

  await using files = await PeerFiles.open();
  await files.write({
    images: train.images,
    labels: train.labels,
    features: X.data,
    test_features: Xt.data,
  });
  const grid = { rows, folds: preset.folds, C: C_VALUES, gamma: gammas, threads: threads() };
  const peer = await runPeer<{ seconds: Record<Part, number>; vectors: number }>(
    "article.py",
    files.folder,
    String(EPOCHS),
    JSON.stringify(grid),
  );
  const scale = ARTICLE_EPOCHS / EPOCHS;
  ours.train *= scale;
  peer.seconds.train *= scale;
  const notes: Partial<Record<Part, string>> = {
    ...(scale === 1 ? {} : { train: `scaled from ${EPOCHS} epochs` }),
    fit: `${svc.fitted.support.length} support vectors, scikit-learn ${peer.vectors}`,
  };
  const total = (seconds: Record<Part, number>) =>
    Object.values(seconds).reduce((sum, value) => sum + value, 0);
  return [
    ...(Object.keys(PARTS) as Part[]).map((part) => ({
      name: PARTS[part],
      ours: ours[part],
      peer: peer.seconds[part],
      unit: "s",
      note: notes[part] ?? "",
    })),
    { name: "all of the article's work", ours: total(ours), peer: total(peer.seconds), unit: "s" },
  ];
}

import { GridSearch, Svc, type SvcOptions } from "deep-features";
import { resolveGamma } from "../lib/svm/gamma.ts";
import { articleFeatures } from "./article_features.ts";
import { runPeer } from "./peer.ts";
import { PeerFiles } from "./peer_files.ts";
import type { BenchRow } from "./row.ts";
import { timed } from "./timed.ts";

/** Rows that are searched; all 50,000 take some thirteen minutes, and scikit-learn's one fit ten. */
const ROWS = Number(Deno.env.get("BENCH_ROWS") ?? "10000");
const C_VALUES = [1, 3, 10, 30, 100], GAMMA_FACTORS = [0.25, 0.5, 1, 2], FOLDS = 5;

/**
 * The article's grid over many rows, against scikit-learn, of which one fit and one prediction of a fold with
 * the defaults are measured and counted for all.
 */
export async function benchGrid(): Promise<BenchRow[]> {
  const { data, X } = await articleFeatures();
  const part = X.slice(0, ROWS), labels = data.train.labels.subarray(0, part.rows);
  const scale = resolveGamma("scale", part);
  const search = new GridSearch(
    (parameters: SvcOptions) => new Svc(parameters),
    { C: C_VALUES, gamma: GAMMA_FACTORS.map((factor) => factor * scale) },
    { folds: FOLDS, refit: false },
  );
  const { seconds: ours } = await timed(() => search.fit(part, labels));
  await using files = await PeerFiles.open();
  const border = Math.floor(part.rows * (1 - 1 / FOLDS));
  await files.write({
    train: part.slice(0, border).data,
    labels: labels.subarray(0, border),
    test: part.slice(border).data,
  });
  const peer = await runPeer<{ fit: number; predict: number }>(
    "sklearn_svc.py",
    files.path("train"),
    files.path("labels"),
    files.path("test"),
    String(X.cols),
    "{}",
    files.path("out"),
  );
  const fits = C_VALUES.length * GAMMA_FACTORS.length * FOLDS;
  return [{
    name: `grid search, 5 × 4 over ${FOLDS} folds of ${
      part.rows.toLocaleString("en")
    } rows, scikit-learn on one core`,
    ours,
    peer: fits * (peer.fit + peer.predict),
    unit: "s",
    note: `scikit-learn: one of ${fits} fits, times ${fits}; best ${search.bestScore.toFixed(4)}`,
  }];
}

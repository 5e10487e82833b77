import {
  KNeighborsClassifier,
  LogisticRegression,
  RandomForestClassifier,
} from "deep-features/classifiers";
import { threads } from "deep-features/compute";
import type { Classifier } from "deep-features/base";
import { accuracyScore } from "deep-features";
import { articleFeatures } from "./article_features.ts";
import { runPeer } from "./peer.ts";
import { PeerFiles } from "./peer_files.ts";
import type { BenchRow } from "./row.ts";
import { timed } from "./timed.ts";

/** What one of scikit-learn's classifiers took, in seconds, and its test accuracy. */
interface PeerResult {
  readonly fit: number;
  readonly predict: number;
  readonly accuracy: number;
}

/** Rows at which they are compared. */
const SIZES = (Deno.env.get("BENCH_ROWS") ?? "10000,50000").split(",").map(Number);

/** The classifiers beside `Svc`, by the names that the peer's script gives them. */
const MAKE: Record<string, () => Classifier> = {
  forest: () => new RandomForestClassifier(),
  logistic: () => new LogisticRegression(),
  neighbors: () => new KNeighborsClassifier(),
};

const NAMES: Record<string, string> = {
  forest: "random forest of 100 trees",
  logistic: "logistic regression (scikit-learn: 200 steps at most)",
  neighbors: "5 nearest neighbours",
};

/** Classifiers with their defaults against scikit-learn's, on the hidden features of the article's network. */
export async function benchClassifiers(): Promise<BenchRow[]> {
  const { data, X, Xt } = await articleFeatures();
  await using files = await PeerFiles.open();
  const rows: BenchRow[] = [];
  for (const size of SIZES) {
    const n = Math.min(size, X.rows), part = X.slice(0, n);
    const y = data.train.labels.subarray(0, n), truth = data.test.labels;
    const ours: Record<string, PeerResult> = {};
    for (const [name, make] of Object.entries(MAKE)) {
      const classifier = make();
      const { seconds: fit } = await timed(() => classifier.fit(part, y));
      const { value, seconds: predict } = await timed(() => classifier.predict(Xt));
      ours[name] = { fit, predict, accuracy: accuracyScore(truth, value) };
    }
    await files.write({ train: part.data, labels: y, test: Xt.data, truth });
    const theirs = await runPeer<Record<string, PeerResult>>(
      "sklearn_classifiers.py",
      files.path("train"),
      files.path("labels"),
      files.path("test"),
      files.path("truth"),
      String(X.cols),
      String(threads()),
    );
    for (const [name, own] of Object.entries(ours)) {
      const peer = theirs[name]!;
      const accuracies = [own, peer].map(({ accuracy }) => accuracy.toFixed(4));
      // Neighbours learn nothing before they are asked.
      const what = name === "neighbors" ? "predict" : "fit";
      rows.push({
        name: `${NAMES[name]}, ${what}, ${n.toLocaleString("en")} × ${X.cols}, scikit-learn`,
        ours: own[what],
        peer: peer[what],
        unit: "s",
        note: `test accuracy ${accuracies[0]}, scikit-learn ${accuracies[1]}`,
      });
    }
  }
  return rows;
}

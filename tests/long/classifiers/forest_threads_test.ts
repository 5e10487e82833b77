import assert from "node:assert/strict";
import { Matrix } from "deep-features";
import { seededRandom } from "deep-features/base";
import { RandomForestClassifier } from "deep-features/classifiers";
import { setThreads, threads } from "deep-features/compute";

Deno.test("RandomForestClassifier grows the same large forest on any number of threads, and can be stopped", async () => {
  const random = seededRandom(1);
  const X = new Matrix(new Float32Array(6000 * 8).map(random), 6000, 8);
  const y = Uint8Array.from({ length: 6000 }, (_, i) => X.row(i)[0]! + X.row(i)[1]! > 1 ? 1 : 0);
  const before = threads();
  try {
    const predictions: string[] = [];
    for (const count of [1, 2, 3]) {
      setThreads(count);
      const seen: number[] = [];
      const forest = await new RandomForestClassifier({ nEstimators: 7, seed: 2 }).fit(X, y, {
        onProgress: ({ done }) => seen.push(done),
      });
      assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7]);
      predictions.push((await forest.predict(X)).join());
    }
    assert.equal(predictions[1], predictions[0]);
    assert.equal(predictions[2], predictions[0]);
    const controller = new AbortController();
    const forest = new RandomForestClassifier({ nEstimators: 1000 });
    const fit = forest.fit(X, y, {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await assert.rejects(fit, { name: "AbortError" });
    const onProgress = () => {
      throw new Error("from the caller");
    };
    await assert.rejects(forest.fit(X, y, { onProgress }), /from the caller/);
  } finally {
    setThreads(before);
  }
});

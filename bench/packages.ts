import { buildCnn, setUpCompute, Svc, trainCnn, Umap } from "deep-features";
import type { ComputeBackend } from "deep-features/backend";
import { seededRandom } from "deep-features/base";
import { UMAP } from "umap-js";
import { CLASSES, clusters, COLUMNS } from "./clusters.ts";
import type { BenchRow } from "./row.ts";
import { timed } from "./timed.ts";

const BATCH = 128;
const SVC_ROWS = 2000;
const UMAP_ROWS = 5000;

/** The npm packages that do the same work in JavaScript or WebAssembly today. */
export async function benchPackages(): Promise<BenchRow[]> {
  const ours = await trainingStep("simd", 20);
  // Its kernel for the filter's gradient is this project's, as the package has none.
  const wasm = await trainingStep("wasm", 3);
  await setUpCompute({ backend: "simd", quiet: true });
  return [
    {
      name: `training step, batch ${BATCH}, tfjs on its wasm backend`,
      ours,
      peer: wasm,
      unit: "s",
      note: "with the one kernel that it lacks added",
    },
    await svc(),
    await umap(),
  ];
}

/** Seconds of a training step after the first one. */
async function trainingStep(backend: ComputeBackend, steps: number): Promise<number> {
  await setUpCompute({ backend, quiet: true });
  const images = new Uint8Array(BATCH * 3072).map((_, i) => i * 7 % 251);
  const labels = new Uint8Array(BATCH).map((_, i) => i % CLASSES);
  const model = buildCnn({ seed: 1 });
  const seconds: number[] = [];
  await trainCnn(model, { images, labels, shape: [BATCH, 32, 32, 3] }, {
    epochs: steps + 1,
    validationSplit: 0,
    onEpoch: (log) => seconds.push(log.seconds),
  });
  model.dispose();
  return seconds.slice(1).reduce((a, b) => a + b, 0) / steps;
}

async function svc(): Promise<BenchRow> {
  const { X, y } = clusters(SVC_ROWS);
  const fit = async (engine: "smo" | "libsvm") =>
    (await timed(() => new Svc({ engine }).fit(X, y))).seconds;
  return {
    name: `SVC fit, ${SVC_ROWS.toLocaleString("en")} × ${COLUMNS}, libsvm-js`,
    ours: await fit("smo"),
    peer: await fit("libsvm"),
    unit: "s",
  };
}

async function umap(): Promise<BenchRow> {
  const { X } = clusters(UMAP_ROWS);
  const rows = Array.from({ length: X.rows }, (_, i) => Array.from(X.row(i)));
  const { seconds: ours } = await timed(() => new Umap().fit(X));
  const { seconds: peer } = await timed(() => new UMAP({ random: seededRandom(1) }).fit(rows));
  return {
    name: `UMAP, ${UMAP_ROWS.toLocaleString("en")} × ${COLUMNS}, umap-js`,
    ours,
    peer,
    unit: "s",
  };
}

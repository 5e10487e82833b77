/**
 * `deno task bench [--save] [NAME ...]`: each figure of the README, and the same work done by the peers in the
 * same run. Needs Debian's python3-torch, python3-sklearn and umap-learn; `packages` needs nothing,
 * `blas` a BLAS. `--save` keeps the rows for README's tables, which `deno task readme:figures` writes.
 *
 * @module
 */
import { setUpCompute } from "deep-features";
import { benchArticle } from "./article.ts";
import { benchBlas } from "./blas.ts";
import { benchClassifiers } from "./classifiers.ts";
import { benchGrid } from "./grid.ts";
import { benchMatmul } from "./matmul.ts";
import { benchNetworks } from "./networks.ts";
import { benchPackages } from "./packages.ts";
import { benchResidual } from "./residual.ts";
import { type BenchRow, printRows } from "./row.ts";
import { saveRun } from "./saved_run.ts";
import { benchSetting } from "./setting.ts";
import { benchSvm } from "./svm.ts";
import { benchTrainingStep } from "./training_step.ts";
import { benchUmap } from "./umap.ts";

const BENCHES: Record<string, () => Promise<BenchRow[]>> = {
  blas: benchBlas,
  matmul: benchMatmul,
  step: benchTrainingStep,
  networks: benchNetworks,
  residual: benchResidual,
  svm: benchSvm,
  umap: benchUmap,
  classifiers: benchClassifiers,
  grid: benchGrid,
  packages: benchPackages,
  article: benchArticle,
};

const save = Deno.args.includes("--save");
const named = Deno.args.filter((name) => name !== "--save");
const wanted = named.length > 0 ? named : Object.keys(BENCHES);
const unknown = wanted.filter((name) => !(name in BENCHES));
if (unknown.length > 0) {
  console.error(
    `There is no bench named ${unknown.join(", ")}: ${Object.keys(BENCHES).join(", ")}`,
  );
  Deno.exit(2);
}
// Whoever has tied OpenBLAS to an older processor here has tied the peers, too: each shows what it can do.
for (const name of ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"]) Deno.env.delete(name);
await setUpCompute({ backend: "simd" });
const setting = benchSetting();
const rows: (BenchRow & { bench: string })[] = [];
for (const bench of wanted) {
  rows.push(...(await BENCHES[bench]!()).map((row) => ({ bench, ...row })));
  // After each, so that a run that is stopped has kept what it measured.
  if (save) await saveRun({ ...setting, rows });
}
printRows(rows, setting);

/**
 * `deno task bench [NAME ...]`: each figure of the README, and the same work done by the peers in the same
 * run. Needs Debian's python3-torch, python3-sklearn and umap-learn; `packages` needs nothing,
 * `blas` a BLAS.
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

const wanted = Deno.args.length > 0 ? Deno.args : Object.keys(BENCHES);
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
const rows: BenchRow[] = [];
for (const name of wanted) rows.push(...await BENCHES[name]!());
printRows(rows, ["deno task bench", ...Deno.args].join(" "));

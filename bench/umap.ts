import { Matrix, trustworthiness, Umap } from "deep-features";
import { articleFeatures } from "./article_features.ts";
import { runPeer } from "./peer.ts";
import { PeerFiles } from "./peer_files.ts";
import { median } from "./median.ts";
import type { BenchRow } from "./row.ts";
import { timed } from "./timed.ts";

interface PeerResult {
  fit: number[];
  transform: number;
  peakGiB: number;
}

/** Rows at which fits are compared. */
const SIZES = (Deno.env.get("BENCH_ROWS") ?? "5000,10000,20000,50000").split(",").map(Number);
/** Rows at which three seeds are compared, and the seeds. */
const SEEDS_ROWS = 10_000, SEEDS = [0, 1, 2];
/** Trustworthiness is that of the first rows, for so many neighbours. */
const SCORED_ROWS = 10_000, SCORED_NEIGHBORS = 15;

/** `Umap` against umap-learn on the hidden features of the article's network. */
export async function benchUmap(): Promise<BenchRow[]> {
  const { X, Xt } = await articleFeatures();
  await using files = await PeerFiles.open();
  const rows: BenchRow[] = [];
  const compare = async (n: number) => {
    const part = first(X, n);
    const score = async (embedding: Matrix) =>
      (await trustworthiness(first(part, SCORED_ROWS), first(embedding, SCORED_ROWS), {
        nNeighbors: SCORED_NEIGHBORS,
      })).toFixed(4);
    const seeds = n === SEEDS_ROWS ? SEEDS : [0];
    const fit: number[] = [], scores: string[] = [], theirScores: string[] = [];
    let transform = 0, peak = 0;
    const onProgress = () => peak = Math.max(peak, Deno.memoryUsage().rss / 2 ** 30);
    for (const seed of seeds) {
      const umap = new Umap({ seed });
      fit.push((await timed(() => umap.fit(part, { onProgress }))).seconds);
      transform = (await timed(() => umap.transform(Xt, { onProgress }))).seconds;
      scores.push(await score(umap.embedding));
    }
    await files.write({ X: part.data });
    const peer = await runPeer<PeerResult>(
      "umap_learn.py",
      files.path("X"),
      files.path("new"),
      String(X.cols),
      String(n),
      String(seeds.length),
      files.path("embedding"),
    );
    for (const run of seeds.keys()) {
      const { buffer } = await Deno.readFile(files.path(`embedding${run}`));
      theirScores.push(await score(new Matrix(new Float32Array(buffer), n, 2)));
    }
    const what = `${n.toLocaleString("en")} × ${X.cols}, umap-learn`;
    rows.push({
      name: `UMAP of ${what}`,
      ours: median(fit),
      peer: median(peer.fit),
      unit: "s",
      note: `trustworthiness ${scores.join(", ")}; umap-learn ${theirScores.join(", ")}; ` +
        `resident at most ${peak.toFixed(1)} GiB, images and all; umap-learn ${
          peer.peakGiB.toFixed(1)
        }`,
    }, {
      name: `placing ${Xt.rows.toLocaleString("en")} new rows on the map of ${what}`,
      ours: transform,
      peer: peer.transform,
      unit: "s",
    });
  };
  await files.write({ new: Xt.data });
  for (const n of SIZES) await compare(Math.min(n, X.rows));
  return rows;
}

function first(X: Matrix, n: number): Matrix {
  const rows = Math.min(n, X.rows);
  return new Matrix(X.data.subarray(0, rows * X.cols), rows, X.cols);
}

import { Matrix, Svc, type SvcOptions } from "deep-features";
import { articleFeatures } from "./article_features.ts";
import { runPeer } from "./peer.ts";
import { PeerFiles } from "./peer_files.ts";
import type { BenchRow } from "./row.ts";
import { timed } from "./timed.ts";

interface PeerResult {
  fit: number;
  predict: number;
  vectors: number;
}

/** Rows at which the default is compared; 50,000 takes scikit-learn ten minutes. */
const SIZES = (Deno.env.get("BENCH_ROWS") ?? "5000,10000,20000").split(",").map(Number);
/** Rows and parameters at which predictions are compared, with scikit-learn's names. */
const VARIANTS_ROWS = 5000;
const VARIANTS: Record<string, unknown>[] = [
  { C: 10 },
  { kernel: "linear", C: 0.01 },
  { gamma: 0.0005 },
];

/** `Svc` against scikit-learn's on the hidden features of the article's network. */
export async function benchSvm(): Promise<BenchRow[]> {
  const { data, X, Xt } = await articleFeatures();
  await using files = await PeerFiles.open();
  const rows: BenchRow[] = [];
  const compare = async (n: number, parameters: Record<string, unknown>) => {
    const part = new Matrix(X.data.subarray(0, n * X.cols), n, X.cols);
    const labels = data.train.labels.subarray(0, n);
    const svc = new Svc(parameters as SvcOptions);
    const { seconds: fit } = await timed(() => svc.fit(part, labels));
    const { value: predicted, seconds: predict } = await timed(() => svc.predict(Xt));
    await files.write({ train: part.data, labels, test: Xt.data });
    const peer = await runPeer<PeerResult>(
      "sklearn_svc.py",
      files.path("train"),
      files.path("labels"),
      files.path("test"),
      String(X.cols),
      JSON.stringify(parameters),
      files.path("out"),
    );
    const theirs = await Deno.readFile(files.path("out"));
    const same = predicted.filter((label, i) => label === theirs[i]).length / theirs.length;
    const settings = Object.keys(parameters).length ? ` ${JSON.stringify(parameters)}` : "";
    const what = `${n.toLocaleString("en")} × ${X.cols}${settings}, scikit-learn`;
    const vectors = svc.fitted.support.length;
    rows.push(
      {
        name: `SVC fit, ${what}`,
        ours: fit,
        peer: peer.fit,
        unit: "s",
        note: `${vectors} support vectors, scikit-learn ${peer.vectors}; resident ${
          (Deno.memoryUsage().rss / 2 ** 30).toFixed(1)
        } GiB`,
      },
      {
        name: `SVC predict ${Xt.rows.toLocaleString("en")} from ${what}`,
        ours: predict,
        peer: peer.predict,
        unit: "s",
        note: `${(100 * same).toFixed(2)} % of the predictions agree`,
      },
    );
  };
  for (const n of SIZES) await compare(Math.min(n, X.rows), {});
  for (const parameters of VARIANTS) await compare(Math.min(VARIANTS_ROWS, X.rows), parameters);
  return rows;
}

import { markdownTable } from "../bench/markdown_table.ts";
import { amountText, type BenchRow, ratioText, settingText } from "../bench/row.ts";
import type { SavedRuns } from "../bench/saved_run.ts";

/** The bench whose rows have a table of their own, with a bar for each. */
const NETWORKS = "networks";

/** Benches in README's order: the article's whole work first. Others come behind them. */
const ORDER = [
  "article",
  "step",
  "residual",
  "svm",
  "umap",
  "classifiers",
  "packages",
  "matmul",
  "blas",
];

/** The same work in both runs; one of them may lack it. */
interface Pair {
  readonly bench: string;
  readonly name: string;
  readonly without?: BenchRow;
  readonly with?: BenchRow;
}

/** README's table of this project's speed beside its peers'; `undefined` without both runs. */
export function speedText(runs: SavedRuns): string | undefined {
  if (!runs.without || !runs.with) return undefined;
  const placeOf = ({ bench }: Pair) => ORDER.includes(bench) ? ORDER.indexOf(bench) : ORDER.length;
  const pairs = pairsOf(runs).filter(({ bench }) => bench !== NETWORKS)
    .toSorted((a, b) => placeOf(a) - placeOf(b));
  const titles = ["work", "ours", "peer", "ours / peer", "with a BLAS", "ours / peer", "bench"];
  const table = markdownTable(
    titles,
    pairs.map((pair) => [
      pair.name,
      oursOf(pair.without),
      amountText((pair.without ?? pair.with)!.peer, (pair.without ?? pair.with)!.unit),
      ratioOf(pair.without),
      oursOf(pair.with),
      ratioOf(pair.with),
      `\`${pair.bench}\``,
    ]),
  );
  const notes = pairs.flatMap(({ name, without, with: withBlas }) => {
    const note = (without ?? withBlas)!.note;
    return note ? [`- ${name}: ${note}`] : [];
  });
  return [
    [runs.without, runs.with].map((run) => `- ${settingText(run)}`).join("\n"),
    table,
    "<details><summary>What was found beside the times</summary>",
    notes.join("\n"),
    "</details>",
  ].join("\n\n");
}

/** README's table of other networks' steps beside PyTorch's; `undefined` without both runs. */
export function networksText(runs: SavedRuns): string | undefined {
  if (!runs.without || !runs.with) return undefined;
  const pairs = pairsOf(runs).filter(({ bench }) => bench === NETWORKS);
  if (pairs.length === 0) return undefined;
  const columns = pairs.map((pair) => ({ ...pair.with?.columns, ...pair.without?.columns }));
  const threads = Object.keys(columns[0]!).find((title) => title.includes("threads"))!;
  const side = (row: BenchRow | undefined, bar: number) => [
    oursOf(row),
    ratioOf(row, bar),
    row?.columns?.[threads] ?? "–",
  ];
  const table = markdownTable(
    [
      "step, or image",
      "bar",
      ...["with a BLAS", "ours / PyTorch", threads],
      ...["without", "ours / PyTorch", threads],
      "ours / tfjs's wasm",
    ],
    pairs.map((pair, i) => {
      const bar = columns[i]!["bar"]!;
      return [
        pair.name.replace(/: step$/, ""),
        bar,
        ...side(pair.with, Number(bar)),
        ...side(pair.without, Number(bar)),
        columns[i]!["ours / tfjs's wasm"] ?? "–",
      ];
    }),
  );
  const onCpu = pairs.flatMap((pair) => [pair.with, pair.without])
    .map((row) => Number.parseFloat(row?.columns?.["on the CPU backend"] ?? "0"));
  return `${table}\n\nIn bold what misses its bar. On the CPU backend ran at most ` +
    `${Math.max(...onCpu)} % of a step.`;
}

/** The rows of both runs, in the order of the run without a BLAS, then what only the other one has. */
function pairsOf({ without, with: withBlas }: SavedRuns): Pair[] {
  const keyOf = ({ bench, name }: { bench: string; name: string }) => `${bench}: ${name}`;
  const pairs = new Map<string, Pair>();
  for (const [side, run] of [["without", without], ["with", withBlas]] as const) {
    for (const row of run?.rows ?? []) {
      const { bench, name } = row;
      pairs.set(keyOf(row), { bench, name, ...pairs.get(keyOf(row)), [side]: row });
    }
  }
  return [...pairs.values()];
}

function oursOf(row: BenchRow | undefined): string {
  return row ? amountText(row.ours, row.unit) : "–";
}

/** Bold where it is above the bar. */
function ratioOf(row: BenchRow | undefined, bar = 1): string {
  if (!row) return "–";
  const text = ratioText(row.ours, row.peer);
  return row.ours / row.peer > bar ? `**${text}**` : text;
}

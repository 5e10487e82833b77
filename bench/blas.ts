import { Svc } from "deep-features";
import { blasChoice, gemm, setBlasChoice } from "../lib/compute/gemm.ts";
import { Scope } from "../lib/compute/scope.ts";
import { clusters } from "./clusters.ts";
import type { BenchRow } from "./row.ts";
import { timed } from "./timed.ts";

const SIZE = 2048, ROWS = 4000, ROUNDS = 5;

/**
 * Work with the machine's BLAS and, as the peer, the same without, in turns; the fastest of each counts.
 * Nothing, with a word, where no BLAS is in use.
 */
export async function benchBlas(): Promise<BenchRow[]> {
  const choice = blasChoice();
  if (!choice.blas) {
    const why = choice.refused ?? "install one, such as Debian's libopenblas0";
    console.error(`Without a BLAS there is nothing to compare: ${why}`);
    return [];
  }
  const { X, y } = clusters(ROWS), svc = new Svc();
  using memory = new Scope();
  const [a, b, c] = [1, 2, 3].map(() => memory.float32(SIZE ** 2));
  for (let i = 0; i < SIZE ** 2; i++) a![i] = b![i] = i % 7 - 3;
  const rows = ROWS.toLocaleString("en");
  const works: [name: string, work: () => unknown][] = [
    [
      `matrix product ${SIZE}³`,
      () => gemm({ a: a!, b: b!, c: c!, rows: SIZE, columns: SIZE, depth: SIZE }),
    ],
    [`SVC fit, ${rows} × ${X.cols}`, () => svc.fit(X, y)],
    [`SVC predict ${rows} from these`, () => svc.predict(X)],
  ];
  try {
    const compared: BenchRow[] = [];
    for (const [name, work] of works) {
      const seconds = { ours: Infinity, peer: Infinity };
      for (let round = 0; round < ROUNDS; round++) {
        for (const side of ["ours", "peer"] as const) {
          setBlasChoice(side === "ours" ? choice : {});
          seconds[side] = Math.min(seconds[side], (await timed(work)).seconds);
        }
      }
      const note = `${(seconds.peer / seconds.ours).toFixed(2)} × as fast by ${choice.blas.name}`;
      compared.push({ name: `${name}, without a BLAS`, ...seconds, unit: "s", note });
    }
    return compared;
  } finally {
    setBlasChoice(choice);
  }
}

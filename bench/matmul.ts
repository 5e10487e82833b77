import { gemm } from "../lib/compute/gemm.ts";
import { Scope } from "../lib/compute/scope.ts";
import { runPeer } from "./peer.ts";
import { median } from "./median.ts";
import type { BenchRow } from "./row.ts";

const SIZE = 2048, REPEATS = 5, ROUNDS = 3;

/** The product of two 2048 × 2048 matrices, against OpenBLAS. */
export async function benchMatmul(): Promise<BenchRow[]> {
  using memory = new Scope();
  const a = memory.float32(SIZE ** 2), b = memory.float32(SIZE ** 2), c = memory.float32(SIZE ** 2);
  for (let i = 0; i < a.length; i++) {
    a[i] = Math.random();
    b[i] = Math.random();
  }
  const ours: number[] = [], peer: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < REPEATS; i++) {
      const start = performance.now();
      gemm({ a, b, c, rows: SIZE, columns: SIZE, depth: SIZE });
      ours.push((performance.now() - start) / 1000);
    }
    peer.push(await runPeer<number>("openblas_matmul.py", String(SIZE), String(REPEATS)));
  }
  const rate = (seconds: number) => `${(2 * SIZE ** 3 / seconds / 1e9).toFixed(0)} GFLOP/s`;
  const row = { ours: median(ours), peer: median(peer) };
  return [{
    name: `matrix product ${SIZE}³, OpenBLAS`,
    ...row,
    unit: "s",
    note: `${rate(row.ours)} against ${rate(row.peer)}`,
  }];
}

import { gemm } from "../lib/compute/gemm.ts";
import { allocFloat32, freeViews, pointer } from "../lib/compute/memory.ts";
import { runPeer } from "./peer.ts";
import { median } from "../lib/metrics/median.ts";
import type { BenchRow } from "./row.ts";

const SIZE = 2048, REPEATS = 5, ROUNDS = 3;

/** The product of two 2048 × 2048 matrices, against OpenBLAS. */
export async function benchMatmul(): Promise<BenchRow[]> {
  const [a, b, c] = [1, 2, 3].map(() => allocFloat32(SIZE * SIZE).fill(0.5)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  for (let i = 0; i < a.length; i++) {
    a[i] = Math.random();
    b[i] = Math.random();
  }
  const ours: number[] = [], peer: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < REPEATS; i++) {
      const start = performance.now();
      gemm({
        a: pointer(a),
        b: pointer(b),
        c: pointer(c),
        rows: SIZE,
        columns: SIZE,
        depth: SIZE,
      });
      ours.push((performance.now() - start) / 1000);
    }
    peer.push(await runPeer<number>("openblas_matmul.py", String(SIZE), String(REPEATS)));
  }
  freeViews(a, b, c);
  const rate = (seconds: number) => `${(2 * SIZE ** 3 / seconds / 1e9).toFixed(0)} GFLOP/s`;
  const row = { ours: median(ours), peer: median(peer) };
  return [{
    name: `matrix product ${SIZE}³, OpenBLAS`,
    ...row,
    unit: "s",
    note: `${rate(row.ours)} against ${rate(row.peer)}`,
  }];
}

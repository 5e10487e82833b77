import { cpus } from "node:os";
import { blasChoice } from "../lib/compute/gemm.ts";

/** What was run, where and when; which BLAS this project's wide products were left to, if any. */
export interface BenchSetting {
  readonly command: string;
  readonly machine: string;
  readonly deno: string;
  readonly blas?: string | undefined;
  readonly date: string;
}

/** The machine as it is now. */
export function benchSetting(command: string): BenchSetting {
  const machine = cpus();
  return {
    command,
    machine: `${machine.length} × ${machine[0]?.model.trim() ?? Deno.build.arch}`,
    deno: Deno.version.deno,
    blas: blasChoice().blas?.name,
    date: new Date().toISOString().slice(0, 10),
  };
}

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

/** The setting of this process, its command with what of the environment decides what is measured. */
export function benchSetting(): BenchSetting {
  const machine = cpus();
  const environment = Object.entries(Deno.env.toObject())
    .filter(([name]) => /^(BENCH|COMPUTE)_/.test(name)).map(([name, value]) => `${name}=${value}`);
  return {
    command: [...environment.sort(), "deno task bench", ...Deno.args].join(" "),
    machine: `${machine.length} × ${machine[0]?.model.trim() ?? Deno.build.arch}`,
    deno: Deno.version.deno,
    blas: blasChoice().blas?.name,
    date: new Date().toISOString().slice(0, 10),
  };
}

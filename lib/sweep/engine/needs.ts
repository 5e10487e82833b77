import { join } from "@std/path";
import { currentBackend } from "../../backend/set_up_compute.ts";
import { digest } from "../../base/digest.ts";
import { Matrix } from "../../base/matrix.ts";
import { seededRandom } from "../../base/random.ts";
import { blasChoice } from "../../compute/gemm.ts";
import { matmul } from "../../compute/matmul.ts";
import type { Needs } from "./queue_name.ts";
import configuration from "../../../deno.json" with { type: "json" };

const DIGITS = 12;
/** Rows and columns of the product that is looked at: wide enough for a BLAS. */
const PROBE = 301;

/** What results of this process depend on. */
export function needsHere(): Needs {
  const kernels = Deno.readFileSync(
    join(import.meta.dirname!, "..", "..", "compute", "kernels", "kernels.wasm"),
  );
  return {
    backend: currentBackend(),
    library: configuration.version,
    kernels: digest(kernels).slice(0, DIGITS),
    blas: blasChoice().blas?.name ?? "none",
    numbers: digest(probe()).slice(0, DIGITS),
    v8: Deno.version.v8,
  };
}

function probe(): Float32Array {
  const random = seededRandom(1);
  const draw = () =>
    new Matrix(Float32Array.from({ length: PROBE ** 2 }, () => random() - 0.5), PROBE, PROBE);
  return matmul(draw(), draw()).data;
}

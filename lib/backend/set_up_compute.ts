import { tmpdir } from "node:os";
import * as tf from "@tensorflow/tfjs";
import { fuseLayers } from "./fused_layers.ts";
import { mendCpuKernels } from "./mend_cpu_kernels.ts";
import { checkOptions, flag, oneOf, type Rules } from "../base/check.ts";
import { registerSimdBackend } from "./register_simd.ts";
import { blasChoice } from "../compute/gemm.ts";
import { canRunKernels, threads } from "../compute/pool.ts";

/** The backends to choose from. */
export type ComputeBackend = "simd" | "webgpu" | "wasm" | "cpu";

const BACKENDS: readonly string[] = ["simd", "webgpu", "wasm", "cpu"];

/** What {@linkcode setUpCompute} can be told. */
export interface SetUpOptions {
  /** The backend to use; default: the environment variable `COMPUTE`, or the best there is. */
  readonly backend?: ComputeBackend;
  /** Say nothing. */
  readonly quiet?: boolean;
}

const RULES: Rules<SetUpOptions> = { backend: oneOf(...BACKENDS), quiet: flag };

/** What {@linkcode setUpCompute} chose. */
export interface Compute {
  readonly backend: ComputeBackend;
  /** Threads that kernels run on; 1 for other backends than `simd`. */
  readonly threads: number;
  /** Why this backend. */
  readonly reason: string;
  /** The BLAS of this machine that computes wide matrix products, with its version, if one is in use. */
  readonly blas?: string;
}

/** Names by which software that only imitates a GPU is known: it is far slower than the CPU itself. */
const SOFTWARE_GPU = /llvmpipe|lavapipe|swiftshader|software|basic render|warp/i;

/**
 * Chooses and starts the tfjs backend: WebGPU where there is a hardware adapter, else `simd`, this
 * library's own CPU backend. The environment variable `COMPUTE` (or the option) overrides the choice.
 *
 * Wide matrix products are left to a BLAS where one is installed, Deno's FFI is permitted, and it passes a
 * self-test and wins; `COMPUTE_BLAS` names a library by its path, or is `off`. With it and without, results
 * may differ in the last digits.
 *
 * @throws {TypeError} If an option is unknown or of the wrong kind
 * @throws {RangeError} If the wanted backend does not exist, or `COMPUTE_THREADS` is no number of threads
 * @throws {Error} If the wanted backend cannot start here
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { setUpCompute } from "deep-features";
 *
 * const { backend } = await setUpCompute({ backend: "simd", quiet: true });
 * assert(backend === "simd");
 * ```
 */
export async function setUpCompute(options: SetUpOptions = {}): Promise<Compute> {
  checkOptions("setUpCompute", options, RULES);
  const wanted = options.backend ?? (Deno.env.get("COMPUTE") || undefined);
  if (wanted !== undefined && !BACKENDS.includes(wanted)) {
    throw new RangeError(`COMPUTE must be one of ${BACKENDS.join(", ")}, got ${wanted}`);
  }
  const choice = wanted !== undefined
    ? { backend: wanted as ComputeBackend, reason: "asked for" }
    : await choose();
  await start(choice.backend);
  const { blas, refused } = blasChoice();
  const compute: Compute = {
    ...choice,
    threads: choice.backend === "simd" ? threads() : 1,
    ...(blas ? { blas: blas.name } : {}),
  };
  if (!options.quiet) {
    const count = compute.threads;
    console.log(
      `Computing with ${compute.backend}${
        compute.backend === "simd" ? ` on ${count} thread${count > 1 ? "s" : ""}` : ""
      } (${compute.reason})${blas ? `; wide products by ${blas.name}` : ""}${
        refused === undefined ? "" : `; without a BLAS, as ${refused}`
      }`,
    );
  }
  return compute;
}

/**
 * What computes now, by which results that are kept are told apart: the tfjs backend's name, and the BLAS's
 * where one is in use; empty before a backend is chosen.
 */
export function currentBackend(): string {
  const backend = tf.getBackend() ?? "";
  const { blas } = backend ? blasChoice() : {};
  return blas ? `${backend}, ${blas.name}` : backend;
}

async function choose(): Promise<{ backend: ComputeBackend; reason: string }> {
  const gpu = await hardwareGpu();
  if (gpu) return { backend: "webgpu", reason: `WebGPU adapter ${gpu}` };
  return canRunKernels() ? { backend: "simd", reason: "no hardware WebGPU adapter" } : {
    backend: "wasm",
    reason: "no shared memory or relaxed SIMD here: expect it to be slow",
  };
}

/** Name of the hardware adapter that WebGPU reaches, if any. */
async function hardwareGpu(): Promise<string | undefined> {
  if (!("gpu" in navigator) || !navigator.gpu) return undefined;
  const adapter = await withDesktopFolder(() =>
    navigator.gpu.requestAdapter({ powerPreference: "high-performance" })
  ).catch(() => null);
  if (!adapter) return undefined;
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  const name = [description, device, architecture, vendor].find((text) => text) ??
    "unnamed";
  const all = [vendor, architecture, device, description].join(" ");
  return isFallbackAdapter || SOFTWARE_GPU.test(all) ? undefined : name;
}

/**
 * Where there is no desktop, Mesa's drivers complain on standard error that this variable names no
 * folder when they are asked for an adapter. Any folder quiets them; they put nothing there.
 */
async function withDesktopFolder<T>(ask: () => Promise<T>): Promise<T> {
  const name = "XDG_RUNTIME_DIR", was = Deno.build.os === "linux" ? Deno.env.get(name) : "/";
  if (was?.startsWith("/")) return await ask();
  Deno.env.set(name, tmpdir());
  try {
    return await ask();
  } finally {
    if (was === undefined) Deno.env.delete(name);
    else Deno.env.set(name, was);
  }
}

async function start(backend: ComputeBackend): Promise<void> {
  fuseLayers();
  if (backend === "simd") registerSimdBackend();
  if (backend === "cpu") mendCpuKernels();
  if (backend === "webgpu") await import("@tensorflow/tfjs-backend-webgpu");
  if (backend === "wasm") await startWasm();
  let started = false;
  try {
    started = await tf.setBackend(backend);
    await tf.ready();
  } catch (cause) {
    throw new Error(`Cannot start the ${backend} backend: ${(cause as Error).message}`, { cause });
  }
  // The CPU backend would print an advertisement for another package at its first use.
  if (backend === "cpu") {
    (tf.backend() as unknown as { firstUse: boolean }).firstUse = false;
  }
  if (!started) throw new Error(`Cannot start the ${backend} backend here`);
}

async function startWasm(): Promise<void> {
  await import("@tensorflow/tfjs-backend-wasm");
  const { registerWasmConv2DBackpropFilter } = await import("./wasm_conv2d_backprop_filter.ts");
  registerWasmConv2DBackpropFilter();
}

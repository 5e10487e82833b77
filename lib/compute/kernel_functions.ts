import { BLAS_KERNEL, blasKernel } from "./blas/kernel.ts";
import type { Kernel } from "./control.ts";

/** All kernels as the calling thread calls them, in the same order in each thread. */
export function kernelFunctions(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): Map<string, Kernel> {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const compiled = WebAssembly.Module.exports(module).filter(({ kind }) => kind === "function");
  return new Map([
    ...compiled.map(({ name }) => [name, exports[name] as Kernel] as const),
    [BLAS_KERNEL, blasKernel(memory)],
  ]);
}

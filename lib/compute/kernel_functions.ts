import { blasMultiply } from "./blas/import.ts";
import type { Kernel } from "./control.ts";

/**
 * All kernels as the calling thread calls them, in the same order in each thread.
 *
 * @param blasPath Tells by what the BLAS is opened, for the kernels that call one
 */
export function kernelFunctions(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  blasPath: () => string,
): Map<string, Kernel> {
  const imports = { env: { memory }, blas: { multiply: blasMultiply(memory, blasPath) } };
  const { exports } = new WebAssembly.Instance(module, imports);
  const functions = WebAssembly.Module.exports(module).filter(({ kind }) => kind === "function");
  return new Map(functions.map(({ name }) => [name, exports[name] as Kernel]));
}

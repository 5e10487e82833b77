import { blasCandidates, mayOpenLibraries } from "../../lib/compute/blas/candidates.ts";
import { openBlas } from "../../lib/compute/blas/library.ts";
import { blasChoice, setBlasChoice } from "../../lib/compute/gemm.ts";

/** The first BLAS of this machine under its usual names, if there is one. */
export function installedBlas(): string | undefined {
  if (!mayOpenLibraries()) return undefined;
  return withVariable(undefined, () => blasCandidates().paths).find((path) => {
    try {
      openBlas(path);
      return true;
    } catch {
      return false;
    }
  });
}

/** Does something with the installed BLAS, whether it wins here or not, and puts back what was. */
export async function withBlas<T>(work: () => T | Promise<T>): Promise<T> {
  const before = blasChoice();
  try {
    setBlasChoice(undefined);
    withVariable(installedBlas(), () => blasChoice());
    return await work();
  } finally {
    setBlasChoice(before);
  }
}

function withVariable<T>(value: string | undefined, work: () => T): T {
  const name = "COMPUTE_BLAS", before = Deno.env.get(name);
  const set = (text: string | undefined) =>
    text === undefined ? Deno.env.delete(name) : Deno.env.set(name, text);
  set(value);
  try {
    return work();
  } finally {
    set(before);
  }
}

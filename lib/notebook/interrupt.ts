import { notebookKernel } from "./notebook_kernel.ts";

/**
 * Runs long work so that the "interrupt" of a notebook stops it, and not the kernel: Jupyter sends SIGINT
 * to a Deno kernel, which would end it with all that is in its memory. Elsewhere Ctrl-C keeps its meaning.
 *
 * @param signal The caller's own signal
 * @param work Is given a signal that aborts when the caller's does or when the notebook is interrupted
 * @throws {DOMException} Named `AbortError`, if the notebook is interrupted
 */
export async function interruptible<T>(
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (!notebookKernel()) return await work(signal);
  const controller = new AbortController();
  const stop = () => controller.abort(new DOMException("Interrupted", "AbortError"));
  Deno.addSignalListener("SIGINT", stop);
  try {
    return await work(signal ? AbortSignal.any([signal, controller.signal]) : controller.signal);
  } finally {
    Deno.removeSignalListener("SIGINT", stop);
  }
}

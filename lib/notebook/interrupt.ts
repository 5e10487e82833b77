import { type NotebookKernel, notebookKernel } from "./notebook_kernel.ts";
import { stopSleeps, watchSleeps } from "./sleeps.ts";
import "./kernel_hooks.ts";

/** What an interrupt leaves in any case. */
const KEPT = "the kernel and its variables are kept";

/** Long work that runs now: each is told of an interrupt. */
const running = new Set<() => void>();

/**
 * Runs long work so that the "interrupt" of a notebook stops it, and not the kernel. Elsewhere Ctrl-C
 * keeps its meaning.
 *
 * @param signal The caller's own signal
 * @param work Is given a signal that aborts when the caller's does or when the notebook is interrupted
 * @param kept Says at the moment of an interrupt where the work stopped and what is left of it
 * @throws {DOMException} Named `AbortError`, if the notebook is interrupted
 */
export async function interruptible<T>(
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal | undefined) => Promise<T>,
  kept?: () => string,
): Promise<T> {
  if (!notebookKernel()) return await work(signal);
  const controller = new AbortController();
  const stop = () => controller.abort(interruption(kept?.()));
  running.add(stop);
  try {
    return await work(signal ? AbortSignal.any([signal, controller.signal]) : controller.signal);
  } finally {
    running.delete(stop);
  }
}

function interruption(what?: string): DOMException {
  return new DOMException(`Interrupted${what ? `: ${what}` : ""}; ${KEPT}`, "AbortError");
}

/**
 * Jupyter's interrupt is a SIGINT, which ends a Deno kernel with all its variables as soon as nobody
 * listens. So one listener stays for the life of the kernel: an interrupt while it is idle, or a second
 * one, changes nothing. What runs in the library is stopped; if nothing does, the reader's own loop is,
 * if it sleeps.
 */
function keepKernelAlive(kernel: NotebookKernel): void {
  watchSleeps();
  Deno.addSignalListener("SIGINT", () => {
    if (running.size > 0) {
      for (const stop of [...running]) stop();
    } else if (stopSleeps(interruption()) === 0) {
      const text = `Interrupted: nothing that listens to it was running; ${KEPT}\n`;
      kernel.broadcast("stream", { name: "stderr", text });
    }
  });
}

const kernel = notebookKernel();
if (kernel) keepKernelAlive(kernel);

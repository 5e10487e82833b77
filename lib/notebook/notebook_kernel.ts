/** The part of a notebook kernel that the library speaks to. */
export interface NotebookKernel {
  /** Gives the kernel a message to send to whoever shows the notebook. */
  broadcast(type: string, content: Record<string, unknown>): unknown;
}

/** What the Deno kernel itself calls in the thread that runs the cells. */
export interface JupyterInternals {
  /** Sends the value of a cell's last expression; called, and waited for, at the end of each cell. */
  broadcastResult(executionCount: number, result: unknown): Promise<void>;
}

/**
 * The kernel, where this is a notebook. Elsewhere Deno has the property, too, but it throws when it is
 * read, so that `"jupyter" in Deno` tells nothing.
 */
export function notebookKernel(): NotebookKernel | undefined {
  try {
    return Deno.jupyter as NotebookKernel;
  } catch {
    return undefined;
  }
}

/** What the kernel calls, where it is the kernel that this library knows. */
export function jupyterInternals(): JupyterInternals | undefined {
  const { internal } = Deno as unknown as { internal: symbol };
  const internals =
    (Deno as unknown as Record<symbol, { jupyter?: Partial<JupyterInternals> }>)[internal]?.jupyter;
  return typeof internals?.broadcastResult === "function"
    ? internals as JupyterInternals
    : undefined;
}

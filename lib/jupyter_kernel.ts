/** What a Deno kernel lets its cells' code do. */
export interface JupyterKernel {
  /** Sends a message of the Jupyter protocol to whoever shows the cell's output. */
  broadcast(type: "stream", content: { name: "stdout"; text: string }): Promise<void>;
}

/** The kernel that this code runs in; undefined elsewhere, where reading `Deno.jupyter` throws. */
export function jupyterKernel(): JupyterKernel | undefined {
  try {
    return (Deno as { jupyter?: JupyterKernel }).jupyter;
  } catch {
    return undefined;
  }
}

/** The part of a notebook kernel that the library speaks to. */
export interface NotebookKernel {
  broadcast(type: "stream", content: { name: "stdout"; text: string }): Promise<void>;
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

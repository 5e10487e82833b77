/** The symbol of the method that the Deno kernel asks for when it shows a value. */
export const jupyterDisplay: unique symbol = Symbol.for("Jupyter.display");

/** The symbol of the method that Deno asks for when it prints a value, as by `console.log`. */
export const denoInspect: unique symbol = Symbol.for("Deno.customInspect");

/** A value that shows itself in a notebook. */
export interface Displayable {
  /** A MIME bundle: content by MIME type. */
  [jupyterDisplay](): Record<string, unknown>;
}

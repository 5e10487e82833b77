import * as Plot from "@observablehq/plot";

/** n colors of a named scheme of Plot, as CSS colors. */
export function schemeColors(scheme: Plot.ColorScheme, n: number): string[] {
  const scale = Plot.scale({ color: { type: "linear", scheme, domain: [0, Math.max(1, n - 1)] } });
  return Array.from({ length: n }, (_, i) => scale.apply(i) as string);
}

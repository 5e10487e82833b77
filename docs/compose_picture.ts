/**
 * `deno task picture`: composes the README's picture, `docs/deep_features.png`, of figures in the committed
 * notebooks: the images, the map of the hidden layer, and the classifiers' accuracies.
 *
 * @module
 */
import { join } from "@std/path";
import { createFigure, type Panel } from "../lib/plots/figure.ts";
import { saveFigure } from "../lib/plots/save_figure.ts";
import { joinText, type MultilineText, readNotebook } from "../lib/report/notebook.ts";

/** Height of a panel in CSS pixels, and most of its width. */
const HEIGHT = 360, MAX_WIDTH = 430;

const FIGURES = [
  { notebook: "01_data", begins: "Training images" },
  { notebook: "03_hidden_layer", begins: "UMAP of the hidden layer" },
  { notebook: "05_beyond", begins: "Test accuracy on the hidden layer" },
];

/** The figure of a notebook whose description begins with some words, at its size in the picture. */
async function panel({ notebook, begins }: typeof FIGURES[number]): Promise<Panel> {
  const path = join(import.meta.dirname!, "../notebooks", `${notebook}.ipynb`);
  for (const { outputs = [] } of (await readNotebook(path)).cells) {
    for (const output of outputs) {
      if (!("data" in output)) continue;
      const text = (type: string) => joinText((output.data[type] ?? "") as MultilineText);
      const svg = text("image/svg+xml");
      if (!svg || !text("text/plain").startsWith(begins)) continue;
      const [, x, y] = svg.match(/width="([\d.]+)" height="([\d.]+)"/)!.map(Number);
      const scale = Math.min(HEIGHT / y!, MAX_WIDTH / x!);
      const [width, height] = [scale * x!, scale * y!];
      const sized = svg.replace(
        /width="[\d.]+" height="[\d.]+"/,
        `width="${width}" height="${height}"`,
      );
      return { svg: sized, width, height };
    }
  }
  throw new RangeError(
    `${notebook} has no figure that begins with “${begins}”: run it with --save`,
  );
}

const figure = createFigure({
  title: "From images to features to a comparison of classifiers",
  alt:
    "Hundred training images; a UMAP map of the hidden layer's outputs coloured by class; a chart of the classifiers' accuracies",
  panels: await Promise.all(FIGURES.map(panel)),
  gap: 8,
});
await saveFigure(figure, join(import.meta.dirname!, "deep_features.png"), { scale: 1.5 });

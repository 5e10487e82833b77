import {
  type Dataset,
  firstImages,
  hiddenFeatures,
  loadCifar10,
  type Matrix,
  readPreset,
  trainedCnn,
} from "deep-features";

/** The hidden features of the article's network, seed 0: trained now, or read from `data/`. */
export async function articleFeatures(): Promise<{ data: Dataset; X: Matrix; Xt: Matrix }> {
  const preset = readPreset("article");
  const data = firstImages(await loadCifar10(), preset.trainImages, preset.testImages);
  const { model } = await trainedCnn(data, {
    epochs: preset.epochs,
    batchSize: preset.batchSize,
    seed: 0,
  });
  const X = await hiddenFeatures(model, data.train);
  const Xt = await hiddenFeatures(model, data.test);
  return { data, X, Xt };
}

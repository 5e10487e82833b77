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
  const { model } = await trainedCnn(data, { ...preset, seed: 0 });
  const X = await hiddenFeatures(model, data.train.images);
  const Xt = await hiddenFeatures(model, data.test.images);
  return { data, X, Xt };
}

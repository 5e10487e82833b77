import * as tf from "@tensorflow/tfjs";

/** A network: a tfjs layers model. */
export type Network = tf.LayersModel;

/**
 * What a compiled network is, its weights left out, as texts that are equal for equal networks: its layers
 * with their settings, and its loss and optimizer.
 */
export function networkTexts(model: Network): [layers: string, training: string] {
  // Layers without a name of their own are numbered through the whole process: their place counts instead.
  const names: string[] = [];
  const collect = (part: Network) => {
    names.push(part.name);
    for (const layer of part.layers) {
      if (layer instanceof tf.LayersModel) collect(layer);
      else names.push(layer.name);
    }
  };
  collect(model);
  let text = JSON.stringify(model.toJSON(null, false));
  [...new Set(names)].forEach((name, i) =>
    text = text.replaceAll(JSON.stringify(name), JSON.stringify(`#${i}`))
  );
  const { optimizer } = model;
  const training = JSON.stringify([
    typeof model.loss === "function" ? String(model.loss) : model.loss,
    optimizer?.getClassName(),
    optimizer?.getConfig(),
  ]);
  return [text, training];
}

import type * as tf from "@tensorflow/tfjs";
import { custom } from "../base/check.ts";

const isLayers = (value: unknown) => Array.isArray(Object(value).layers);
const isGraph = (value: unknown) => Array.isArray((Object(value) as tf.GraphModel).inputNodes);

/** What an argument may be that is a network to read. */
export const MODEL_RULE = custom(
  "a layers model or a graph model of tfjs",
  (value) => isLayers(value) || isGraph(value),
);

/** What an argument may be that is a network to train. */
export const TRAINABLE_RULE = custom(
  "a layers model of tfjs (a graph model predicts, but cannot be trained)",
  isLayers,
);

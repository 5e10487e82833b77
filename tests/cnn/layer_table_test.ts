// Every layer class of tfjs: right, or refused by name; the table of docs/layers.md is made of what is seen here.
import assert from "node:assert/strict";
import { join } from "@std/path";
import * as tf from "@tensorflow/tfjs";
import { hiddenFeatures, loadModel, saveModel, setUpCompute, trainCnn } from "deep-features";
import { withParts } from "../../lib/cnn/engine/layer_limits.ts";
import {
  apply,
  assertClose,
  assertLikeFit,
  behind,
  build,
  chain,
  CHANNELS,
  CLASSES,
  conv,
  data,
  dense,
  flat,
  init,
  L,
  N,
  type Network,
  onSequence,
  recurrent,
  sequence,
  SIDE,
  type Tensor,
  twins,
} from "../helpers/like_fit.ts";

type Layer = tf.layers.Layer;

/** How a class is shown: networks that hold it. */
interface Shown {
  /** Train and predict as by tfjs. */
  readonly right?: readonly (() => Network)[];
  /** Draw random numbers: at a rate that draws none, and at another. */
  readonly seeded?: (rate: number) => Network;
  /** Are refused in training; said in words for what part of the class, `""` for all of it. */
  readonly refused?: Readonly<Record<string, () => Network>>;
}

const volume = (...layers: Layer[]): Network => ({
  body: (x) => chain(x, L.reshape({ targetShape: [3, 4, 3, 2] }), ...layers),
});
const film = (...layers: Layer[]): Network => ({
  body: (x) => chain(x, L.reshape({ targetShape: [2, SIDE, SIDE, 1] }), ...layers),
});
/** Whole numbers from 0 to 5 in place of the images, in a row. */
const wholeNumbers = (...layers: Layer[]): Network => ({
  body: (x) => chain(flat(x), L.rescaling({ scale: 5, offset: 1.6 }), ...layers),
});
const merged = (merge: Layer): Network => ({
  body: (x) => apply(merge, chain(x, conv(3)), chain(x, conv(3))),
});
const cell = (make: (options: ReturnType<typeof recurrent>) => unknown) => () =>
  onSequence(L.rnn({ cell: make(recurrent()) as ReturnType<typeof L.gruCell> }));
const recurrentRefused = (make: (options: object) => unknown) => ({
  "with dropout inside": () => onSequence(make({ ...recurrent(), dropout: 0.1 }) as Layer),
  "stateful": (): Network => ({
    body: (x) => stateful(x, make({ ...recurrent(), stateful: true })),
  }),
});
/** A stateful layer wants to know how many images come. */
const stateful = (x: Tensor, layer: unknown) => {
  (x.shape as (number | null)[])[0] = N;
  return apply(layer as Layer, sequence(x));
};
const filters = (more: object = {}) => ({
  filters: 3,
  kernelSize: 2,
  kernelInitializer: init(),
  ...more,
});
const inputs = () => tf.input({ shape: [SIDE, SIDE, CHANNELS] });
const innerLayers = (x: Tensor) => chain(x, conv(CHANNELS), L.batchNormalization(), L.reLU());
const classMap = () =>
  (tf.serialization as unknown as {
    SerializationMap: {
      getMap(): { classNameMap: Record<string, [new (args: object) => unknown]> };
    };
  }).SerializationMap.getMap().classNameMap;

const SHOWN: Readonly<Record<string, Shown>> = {
  InputLayer: { right: [() => behind()] },
  Model: {
    right: [() => ({
      body: (x) => {
        const input = inputs(), inner = tf.model({ inputs: input, outputs: innerLayers(input) });
        return apply(inner, apply(inner, x));
      },
    })],
  },
  Functional: {
    right: [() => ({
      body: (x) => {
        const input = inputs(), [Functional] = classMap()["Functional"]!;
        return apply(new Functional({ inputs: input, outputs: innerLayers(input) }) as Layer, x);
      },
    })],
  },
  Sequential: {
    right: [() => ({
      body: (x) =>
        apply(
          tf.sequential({ layers: [conv(4, { inputShape: [SIDE, SIDE, CHANNELS] }), L.reLU()] }),
          x,
        ),
    })],
  },
  ReLU: { right: [() => behind(L.reLU({ maxValue: 0.2 }), L.maxPooling2d({ poolSize: 2 }))] },
  LeakyReLU: { right: [() => behind(L.leakyReLU({ alpha: 0.2 }))] },
  PReLU: { right: [() => behind(L.prelu({ sharedAxes: [1, 2] }))] },
  ELU: { right: [() => behind(L.elu())] },
  ThresholdedReLU: { refused: { "": () => behind(L.thresholdedReLU({ theta: 0.1 })) } },
  Softmax: {
    right: [
      () => behind(L.softmax({ axis: -1 })),
      () => behind(L.softmax({ axis: 3 })),
      () => ({ body: (x) => chain(flat(x), dense(4), L.softmax()) }),
    ],
    refused: { "along another axis than the last": () => behind(L.softmax({ axis: 1 })) },
  },
  Conv2D: {
    right: [() => behind(conv(3, { strides: 2, activation: "elu" }))],
    refused: { "with a dilation rate": () => behind(conv(3, { dilationRate: 2 })) },
  },
  Conv3D: { right: [() => volume(L.conv3d(filters({ activation: "relu" })))] },
  Conv2DTranspose: {
    right: [() => behind(L.conv2dTranspose(filters({ strides: 2 })))],
    refused: {
      "with a dilation rate": () => behind(L.conv2dTranspose(filters({ dilationRate: 2 }))),
    },
  },
  Conv3DTranspose: { refused: { "": () => volume(L.conv3dTranspose(filters())) } },
  SeparableConv2D: {
    right: [() => behind(separable({ activation: "tanh" }))],
    refused: {
      "with a dilation rate": () => behind(separable({ dilationRate: 2 })),
      "with channels first": () => behind(separable({ dataFormat: "channelsFirst" })),
    },
  },
  Conv1D: {
    right: [() => onSequence(L.conv1d(filters({ strides: 2 })))],
    refused: {
      "with a dilation rate": () => onSequence(L.conv1d(filters({ dilationRate: 2 }))),
      "with causal padding": () => onSequence(L.conv1d(filters({ padding: "causal" }))),
    },
  },
  Cropping2D: { right: [() => behind(L.cropping2D({ cropping: [[1, 0], [2, 1]] }))] },
  UpSampling2D: {
    right: (["nearest", "bilinear"] as const).map((interpolation) => () =>
      behind(L.upSampling2d({ size: [2, 3], interpolation }))
    ),
  },
  DepthwiseConv2D: {
    right: [() =>
      behind(
        L.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, depthwiseInitializer: init() }),
      )],
    refused: {
      "with a dilation rate": () => behind(L.depthwiseConv2d({ kernelSize: 2, dilationRate: 2 })),
    },
  },
  RNN: { right: [cell(L.lstmCell)] },
  SimpleRNNCell: { right: [cell(L.simpleRNNCell)] },
  SimpleRNN: {
    right: [() => onSequence(L.simpleRNN({ ...recurrent(), returnSequences: true }))],
    refused: recurrentRefused((options) => L.simpleRNN(options as never)),
  },
  GRUCell: { right: [cell(L.gruCell)] },
  GRU: {
    right: [() => onSequence(L.gru({ ...recurrent(), goBackwards: true }))],
    refused: recurrentRefused((options) => L.gru(options as never)),
  },
  LSTMCell: { right: [cell(L.lstmCell)] },
  LSTM: {
    right: [
      () => onSequence(L.lstm(recurrent())),
      () => ({
        body: (x) => {
          const layer = L.lstm({ ...recurrent(), returnState: true });
          return apply(L.concatenate(), ...layer.apply(sequence(x)) as Tensor[]);
        },
      }),
    ],
    refused: recurrentRefused((options) => L.lstm(options as never)),
  },
  StackedRNNCells: {
    right: [
      cell((options) => L.stackedRNNCells({ cells: [L.gruCell(options), L.lstmCell(options)] })),
    ],
  },
  ConvLSTM2DCell: { right: [() => film(convLstm())] },
  ConvLSTM2D: {
    right: [() => film(convLstm())],
    refused: {
      "with dropout inside": () => film(convLstm({ recurrentDropout: 0.2 })),
      "with a dilation rate": () => film(convLstm({ dilationRate: 2 })),
    },
  },
  Dropout: { seeded: (rate) => behind(L.dropout({ rate })) },
  SpatialDropout1D: { seeded: (rate) => onSequence(L.spatialDropout1d({ rate })) },
  Dense: { right: [() => behind(L.dense({ units: 3, activation: "softmax" }), dense(4))] },
  Flatten: {
    right: [
      () => behind(L.flatten()),
      () => behind(L.flatten({ dataFormat: "channelsFirst" })),
    ],
  },
  Activation: { right: [() => behind(L.activation({ activation: "softplus" }))] },
  RepeatVector: {
    right: [() => ({ body: (x) => chain(flat(x), dense(4), L.repeatVector({ n: 2 })) })],
  },
  Reshape: { right: [() => behind(L.reshape({ targetShape: [18, 8] }))] },
  Permute: { right: [() => behind(L.permute({ dims: [2, 3, 1] }))] },
  Masking: { refused: { "": () => onSequence(L.masking({ maskValue: 0 })) } },
  Embedding: {
    right: [
      () =>
        wholeNumbers(
          L.embedding({ inputDim: 6, outputDim: 3, embeddingsInitializer: "randomNormal" }),
        ),
    ],
    refused: {
      "with a mask": () => wholeNumbers(L.embedding({ inputDim: 6, outputDim: 3, maskZero: true })),
      "behind layers that are trained": () => ({
        body: (x) =>
          chain(
            flat(x),
            dense(4, { activation: "sigmoid" }),
            L.embedding({ inputDim: 6, outputDim: 3 }),
          ),
      }),
    },
  },
  Add: { right: [() => merged(L.add())] },
  Multiply: { right: [() => merged(L.multiply())] },
  Average: { right: [() => merged(L.average())] },
  Maximum: { right: [() => merged(L.maximum())] },
  Minimum: { right: [() => merged(L.minimum())] },
  Concatenate: { right: [() => merged(L.concatenate({ axis: 2 }))] },
  Dot: {
    right: [() => ({
      body: (x) => {
        const [a, b] = [chain(flat(x), dense(4)), chain(flat(x), dense(4))];
        return apply(L.concatenate(), apply(L.dot({ axes: 1, normalize: true }), a, b), a);
      },
    })],
  },
  GaussianNoise: { seeded: (stddev) => behind(L.gaussianNoise({ stddev })) },
  GaussianDropout: { seeded: (rate) => behind(L.gaussianDropout({ rate })) },
  AlphaDropout: { seeded: (rate) => behind(L.alphaDropout({ rate })) },
  BatchNormalization: {
    right: [
      () => behind(L.batchNormalization({ momentum: 0.5 })),
      () => behind(L.batchNormalization({ axis: 1 })),
      () => behind(L.batchNormalization({ scale: false })),
      // As Keras saves it.
      () => behind(L.batchNormalization({ axis: [3] as never })),
      () => behind(L.batchNormalization({ center: false, axis: 2 })),
    ],
  },
  LayerNormalization: { right: [() => behind(L.layerNormalization({ axis: [2, 3] }))] },
  ZeroPadding2D: { right: [() => behind(L.zeroPadding2d({ padding: [[1, 0], [2, 1]] }), conv(3))] },
  MaxPooling1D: { right: [() => onSequence(L.maxPooling1d({ poolSize: 2 }))] },
  AveragePooling1D: { right: [() => onSequence(L.averagePooling1d({ poolSize: 2 }))] },
  MaxPooling2D: {
    right: [() => behind(L.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }))],
  },
  AveragePooling2D: {
    right: [() => behind(L.averagePooling2d({ poolSize: 3, strides: 2, padding: "same" }))],
  },
  MaxPooling3D: {
    right: [() => volume(L.conv3d(filters()), L.maxPooling3d({ poolSize: [1, 2, 1] }))],
  },
  AveragePooling3D: {
    right: [() => volume(L.conv3d(filters()), L.averagePooling3d({ poolSize: [2, 2, 1] }))],
  },
  GlobalAveragePooling1D: { right: [() => onSequence(L.globalAveragePooling1d())] },
  GlobalMaxPooling1D: { right: [() => onSequence(L.globalMaxPooling1d())] },
  GlobalAveragePooling2D: { right: [() => behind(L.globalAveragePooling2d({}))] },
  GlobalMaxPooling2D: { right: [() => behind(L.globalMaxPooling2d({}))] },
  TimeDistributed: {
    right: [
      () => film(L.timeDistributed({ layer: L.conv2d(filters()) })),
      () => film(L.timeDistributed({ layer: L.batchNormalization() })),
    ],
    refused: {
      "around what draws random numbers": () =>
        film(L.timeDistributed({ layer: L.dropout({ rate: 0.3 }) })),
      "around what is refused": () =>
        film(L.timeDistributed({ layer: L.resizing({ height: 3, width: 3 }) })),
    },
  },
  Bidirectional: {
    right: (["concat", "sum", "mul", "ave"] as const).map((mergeMode) => () =>
      onSequence(L.bidirectional({ layer: L.gru(recurrent()) as tf.RNN, mergeMode }))
    ),
    refused: {
      "around dropout": () =>
        onSequence(
          L.bidirectional({
            layer: L.lstm({ ...recurrent(), dropout: 0.1 }) as tf.RNN,
            mergeMode: "sum",
          }),
        ),
    },
  },
  Rescaling: { right: [() => behind(L.rescaling({ scale: 2, offset: -1 }))] },
  CenterCrop: { refused: { "": () => behind(L.centerCrop({ height: 4, width: 3 })) } },
  CategoryEncoding: {
    right: (["multiHot", "count"] as const).map((outputMode) => () =>
      wholeNumbers(L.categoryEncoding({ numTokens: 7, outputMode }), L.rescaling({ scale: 0.01 }))
    ),
    refused: {
      "behind layers that are trained": () => ({
        body: (x) =>
          chain(flat(x), dense(4, { activation: "sigmoid" }), L.categoryEncoding({ numTokens: 6 })),
      }),
    },
  },
  Resizing: { refused: { "": () => behind(L.resizing({ height: 4, width: 5 })) } },
  RandomWidth: {
    refused: {
      "": () => ({
        body: (x) => chain(x, L.randomWidth({ factor: 0.2, seed: 1 }), L.globalMaxPooling1d()),
      }),
    },
  },
};

function separable(more: object): Layer {
  const initializers = { depthwiseInitializer: init(), pointwiseInitializer: init() };
  return L.separableConv2d({ filters: 3, kernelSize: 2, ...initializers, ...more });
}

function convLstm(more: object = {}): Layer {
  const options = { ...recurrent(), ...filters({ padding: "same" }), ...more };
  return L.convLstm2d(options as never) as Layer;
}

/** All classes that a network can be built of. */
function layerClasses(): string[] {
  return Object.entries(classMap()).filter(([, [kind]]) => kind.prototype instanceof L.Layer)
    .map(([name]) => name).sort();
}

/** Names of the classes in a model, inside wrappers, cells and models, too. */
function classesIn(model: tf.LayersModel): Set<string> {
  return new Set(model.layers.flatMap(withParts).map((layer) => layer.getClassName()));
}

const weightsOf = (model: tf.LayersModel) =>
  model.weights.map((weight) => [...weight.read().dataSync()]);

/** Draws from the seed: rate 0 as tfjs, else the same seed the same weights, and predictions as tfjs's. */
async function assertSeeded(make: (rate: number) => Network): Promise<void> {
  await assertLikeFit(() => make(0));
  const train = async (seed: number) => {
    const [ours, theirs] = twins(() => make(0.4));
    await trainCnn(ours, data(CLASSES), { epochs: 2, batchSize: 5, seed });
    theirs.setWeights(ours.getWeights());
    await assertPredictsLike(ours, theirs);
    return weightsOf(ours);
  };
  assert.deepEqual(await train(1), await train(1));
  assert.notDeepEqual(await train(2), await train(1));
}

async function assertPredictsLike(ours: tf.LayersModel, theirs: tf.LayersModel): Promise<void> {
  const set = data(CLASSES), layer = ours.layers.at(-1)!.name;
  const { data: scores } = await hiddenFeatures(ours, set, { layer });
  const x = tf.tensor4d(set.images, [N, SIDE, SIDE, CHANNELS]);
  assertClose("scores", scores, (theirs.predict(x) as tf.Tensor).dataSync());
}

/** Saved and loaded, a network predicts the same. */
async function assertSaved(make: () => Network): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const model = build(make());
    await saveModel(model, folder);
    await assertPredictsLike(await loadModel(folder), model);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What a class's row says of networks that are refused in training; all of it is seen. */
async function refusal(
  name: string,
  make: () => Network,
): Promise<{ text: string; predicts: boolean }> {
  const model = build(make()), before = weightsOf(model), set = data(CLASSES);
  assert.ok(classesIn(model).has(name), `the network holds ${name}`);
  const message = async (work: Promise<unknown>) => {
    const error = await work.then(() => assert.fail(`${name} is not refused`), (error) => error);
    assert.equal(error.constructor, RangeError, `${name}: ${error.stack}`);
    const [, layer, text] =
      /^Layer "(.*?)" (?:cannot be (?:used|trained)(?: behind others)?: )(.*)$/
        .exec(error.message)!;
    assert.ok(model.layers.some((own) => own.name === layer), `${error.message}`);
    return text!;
  };
  const text = await message(trainCnn(model, set, { epochs: 1 }));
  assert.deepEqual(weightsOf(model), before);
  const layer = model.layers.at(-1)!.name;
  try {
    await assertPredictsLike(model, model);
    return { text, predicts: true };
  } catch (error) {
    assert.ok(error instanceof RangeError, String(error));
    assert.equal(await message(hiddenFeatures(model, set, { layer })), text);
    return { text, predicts: false };
  }
}

/** A class's row, of what is seen. */
async function row(name: string, { right = [], seeded, refused = {} }: Shown): Promise<string> {
  for (const make of right) {
    assert.ok(classesIn(build(make())).has(name), `the network holds ${name}`);
    await assertLikeFit(make);
    await assertSaved(make);
  }
  if (seeded) {
    assert.ok(classesIn(build(seeded(0.4))).has(name));
    await assertSeeded(seeded);
    await assertSaved(() => seeded(0.4));
  }
  const isRight = seeded !== undefined || right.length > 0;
  let predicts = true;
  const limits: string[] = [];
  for (const [what, make] of Object.entries(refused)) {
    const seen = await refusal(name, make);
    assert.equal(what === "", !isRight, `${name}: refused as a whole, or in part`);
    if (what === "") predicts = seen.predicts;
    const where = seen.predicts && what !== "" ? " in training" : "";
    limits.push(what === "" ? seen.text : `refused${where} ${what}`);
  }
  if (seeded) limits.unshift("draws from the seed of the training");
  const verdict = (is: boolean) => is ? "right" : "refused";
  return `| \`${name}\` | ${verdict(isRight)} | ${verdict(predicts)} | ${limits.join("; ")} |`;
}

const FILE = join(import.meta.dirname!, "../../docs/layers.md");
const MARK = "<!-- table -->\n";

Deno.test("Every layer class of tfjs trains and predicts as by tfjs, or is refused by name; docs/layers.md says which", async (t) => {
  await setUpCompute({ backend: "simd", quiet: true });
  const names = layerClasses();
  assert.ok(names.length > 60, String(names));
  assert.deepEqual(
    Object.keys(SHOWN).sort(),
    names,
    "each class of the registry is shown, and no other",
  );
  const rows: string[] = [];
  for (const name of names) {
    await t.step(name, async () => void rows.push(await row(name, SHOWN[name]!)));
  }
  const table = [
    "| class | training | prediction | limits |",
    "| --- | --- | --- | --- |",
    ...rows,
  ];
  const text = await Deno.readTextFile(FILE);
  if (Deno.env.get("UPDATE_TABLE")) {
    const head = text.slice(0, text.indexOf(MARK) + MARK.length);
    await Deno.writeTextFile(FILE, `${head}\n${table.join("\n")}\n`);
    return;
  }
  const cells = (lines: readonly string[]) =>
    lines.filter((line) => line.startsWith("| `")).map((line) =>
      line.split("|").map((part) => part.trim())
    );
  assert.deepEqual(cells(text.split("\n")), cells(table), "UPDATE_TABLE=1 writes it anew");
});

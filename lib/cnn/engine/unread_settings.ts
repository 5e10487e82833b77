/** A setting of Keras's layers that tfjs does not read: with another value it would compute something else. */
interface Unread {
  /** The classes of layers that have it. */
  readonly of: RegExp;
  readonly setting: string;
  /** The value with which Keras computes what tfjs does. */
  readonly plain: unknown;
  readonly instead: string;
}

const UNREAD: readonly Unread[] = [
  { of: /^ReLU$/, setting: "negative_slope", plain: 0, instead: "use LeakyReLU" },
  { of: /^ReLU$/, setting: "threshold", plain: 0, instead: "use ThresholdedReLU" },
  {
    of: /^LeakyReLU$/,
    setting: "negative_slope",
    plain: undefined,
    instead: "call it alpha, as Keras 2 does",
  },
  {
    of: /^Global.*Pooling/,
    setting: "keepdims",
    plain: false,
    instead: "put a Reshape layer behind",
  },
  { of: /^(Depthwise|Separable)?Conv/, setting: "groups", plain: 1, instead: "split the channels" },
  { of: /^BatchNormalization$/, setting: "renorm", plain: false, instead: "train without it" },
  {
    of: /^(LSTM|GRU|SimpleRNN|RNN)$/,
    setting: "time_major",
    plain: false,
    instead: "put a Permute layer before it",
  },
];

/**
 * Checks that a network of Keras's holds no setting that tfjs passes over, so that it would compute something
 * else without a word.
 *
 * @param topology What `model.json` says of the layers
 * @throws {RangeError} If it holds one, with the layer's name and what to do
 */
export function checkUnreadSettings(topology: unknown): void {
  if (typeof topology !== "object" || topology === null) return;
  const { class_name: name, config } = topology as Record<string, unknown>;
  if (typeof name === "string") {
    const settings = Object(config) as Record<string, unknown>;
    for (const { of, setting, plain, instead } of UNREAD) {
      const value = settings[setting] ?? undefined;
      if (!of.test(name) || value === undefined || value === plain) continue;
      throw new RangeError(
        `layer ${JSON.stringify(settings["name"])} of class ${name} has the ${setting} ${
          JSON.stringify(value)
        }, which tfjs leaves out without a word: ${instead}`,
      );
    }
  }
  for (const part of Object.values(topology)) checkUnreadSettings(part);
}

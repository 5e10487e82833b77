import { checkOptions, describe, oneOf, record, type Rule, type Rules } from "../base/check.ts";
import { type ImageSize, SIZE_RULE } from "../dataset/load_image.ts";

/** What becomes of a byte of an image before a network sees it, as in Keras's `preprocess_input`. */
export type PixelScale = "0..1" | "-1..1" | "0..255" | "imagenet" | "caffe";

/**
 * How a network wants its images: the part of it that its file does not hold, and that is silently wrong
 * if it is forgotten. Whoever publishes a network says it; it is the same as in its training.
 */
export interface Preprocessing {
  /**
   * Height and width that the images are brought to, as `loadImage` does; default: they are left as they
   * are.
   */
  readonly size?: ImageSize | undefined;
  /**
   * What becomes of each byte:
   * - `"0..1"`: divided by 255, as everywhere in this library where nothing else is said
   * - `"-1..1"`: divided by 127.5, less 1; Keras calls it “tf” (MobileNet, Inception, Xception)
   * - `"0..255"`: the byte itself, for networks that scale by themselves (Keras's EfficientNet, MobileNetV3)
   * - `"imagenet"`: divided by 255, less ImageNet's mean 0.485, 0.456, 0.406, divided by its standard
   *   deviation 0.229, 0.224, 0.225, by channel; Keras calls it “torch” (PyTorch's networks, DenseNet)
   * - `"caffe"`: blue, green and red in this order, less 103.939, 116.779, 123.68 (Keras's ResNet-50, VGG)
   */
  readonly scale: PixelScale;
}

const SCALES: readonly PixelScale[] = ["0..1", "-1..1", "0..255", "imagenet", "caffe"];

const RULES: Rules<Preprocessing> = { size: SIZE_RULE, scale: oneOf(...SCALES) };

/** What an option named `preprocessing` may be; {@linkcode checkPreprocessing} looks closer. */
export const PREPROCESSING_RULE: Rule = record(
  '{ scale, size }, such as { scale: "0..1", size: [224, 224] }',
);

/**
 * Checks what a caller, or a file, gives as preprocessing.
 *
 * @param owner What errors begin with
 * @throws {TypeError} If it is no object, has no scale or an unknown part, or a part is of a wrong kind
 * @throws {RangeError} If the scale is unknown, or the size unusable
 */
export function checkPreprocessing(owner: string, preprocessing: Preprocessing): void {
  checkOptions(owner, preprocessing, RULES);
  if (preprocessing.scale === undefined) {
    throw new TypeError(
      `${owner}: scale must be ${RULES.scale.wanted}, got ${describe(undefined)}`,
    );
  }
}

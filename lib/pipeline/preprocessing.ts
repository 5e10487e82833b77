import { checkOptions, checkValue, oneOf, type Rules } from "../base/check.ts";
import { type ImageSize, SIZE_RULE } from "../dataset/load_image.ts";

/** What becomes of a picture before the network sees it. */
export interface Preprocessing {
  /** Height and width that it is brought to; default: what the network takes. */
  readonly size?: ImageSize | undefined;
  /** `"0..1"`, the default: bytes are divided by 255, as everywhere in this library. */
  readonly scale?: "0..1";
}

const RULES: Rules<Preprocessing> = { size: SIZE_RULE, scale: oneOf("0..1") };

/** What a pipeline's `preprocessing` may be. */
export function checkPreprocessing(preprocessing: Preprocessing): void {
  checkOptions("preprocessing", preprocessing, RULES);
  const { size } = preprocessing;
  if (size !== undefined) checkValue("preprocessing: size", size, RULES.size);
}

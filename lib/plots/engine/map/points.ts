/** The points of a map as its page carries them; the viewer runs in a browser and shares this file. */
export interface MapPoints {
  /** x and y of each of n points, one after the other. */
  readonly positions: Float32Array;
  /** n class indices. */
  readonly labels: Uint8Array;
  /** n predicted class indices, if there are predictions. */
  readonly predicted?: Uint8Array;
  /** n flags, 1 for the points that can be shown alone. */
  readonly subset?: Uint8Array;
}

/** The same as text, base64 of the little-endian bytes. */
export interface PackedPoints {
  readonly positions: string;
  readonly labels: string;
  readonly predicted?: string;
  readonly subset?: string;
}

/** Points as text. */
export function packPoints({ positions, labels, predicted, subset }: MapPoints): PackedPoints {
  return {
    positions: toBase64(
      new Uint8Array(positions.buffer, positions.byteOffset, positions.byteLength),
    ),
    labels: toBase64(labels),
    ...(predicted ? { predicted: toBase64(predicted) } : {}),
    ...(subset ? { subset: toBase64(subset) } : {}),
  };
}

/** The points that {@linkcode packPoints} made text of. */
export function unpackPoints({ positions, labels, predicted, subset }: PackedPoints): MapPoints {
  return {
    positions: new Float32Array(fromBase64(positions).buffer),
    labels: fromBase64(labels),
    ...(predicted === undefined ? {} : { predicted: fromBase64(predicted) }),
    ...(subset === undefined ? {} : { subset: fromBase64(subset) }),
  };
}

/** Bytes turned into text at a time: a function takes only so many arguments. */
const BLOCK = 0x8000;

/** Bytes as base64, in browsers and in Deno. */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += BLOCK) {
    text += String.fromCharCode(...bytes.subarray(i, i + BLOCK));
  }
  return btoa(text);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

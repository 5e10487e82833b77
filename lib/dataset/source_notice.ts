import { type Displayable, jupyterDisplay } from "../base/display.ts";
import { describe } from "../base/check.ts";
import { escapeHtml } from "../base/text.ts";
import { type Dataset, STAND_IN_WARNING } from "./load_cifar10.ts";

/** A sentence about the data that shows itself in a notebook. */
export interface SourceNotice extends Displayable {
  /** The sentence. */
  readonly text: string;
  /** Whether it is a warning that must not be overlooked. */
  readonly isWarning: boolean;
}

/**
 * Says where a data set came from, and loudly so where results on it are not CIFAR-10's.
 *
 * @param data What {@linkcode loadCifar10} resolved to
 * @param note A sentence to add, such as how the archive was made; default: the environment variable
 *   `CIFAR10_NOTE`
 *
 * @throws {TypeError} If `data` is no data set
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sourceNotice } from "deep-features";
 *
 * const split = { images: new Uint8Array(3), labels: new Uint8Array(1), shape: [1, 1, 1, 3] as const };
 * const data = { train: split, test: split, classNames: ["disc"], official: false };
 * assert(sourceNotice({ ...data, source: "stand-in" }).isWarning);
 * ```
 */
export function sourceNotice(
  data: Dataset,
  note: string | undefined = Deno.env.get("CIFAR10_NOTE"),
): SourceNotice {
  if (typeof data?.source !== "string") {
    throw new TypeError(`sourceNotice: data must be a Dataset, got ${describe(data)}`);
  }
  const isWarning = data.source === "stand-in";
  const origin = isWarning ? STAND_IN_WARNING : originOf(data);
  const text = note ? `${origin} ${note}` : origin;
  return {
    text,
    isWarning,
    [jupyterDisplay]: () => ({
      "text/plain": text,
      "text/html": `<p class="notice ${isWarning ? "warning" : "info"}" role="${
        isWarning ? "alert" : "note"
      }" style="border-left: 4px solid ${
        isWarning ? "#c2410c" : "#2563eb"
      }; padding: 0.5em 1em"><strong>${escapeHtml(text)}</strong></p>`,
    }),
  };
}

/** What the loaders of this library call the data sets that have an official archive. */
const TITLES: Record<string, string> = { cifar10: "CIFAR-10", cifar100: "CIFAR-100" };

function originOf({ source, official }: Dataset): string {
  const title = Object.hasOwn(TITLES, source) ? TITLES[source] : undefined;
  if (!title) {
    return `These images are from ${source}: figures on them say nothing about CIFAR-10's.`;
  }
  return official
    ? `These are ${title}'s own images, from the official archive (its MD5 digest was checked).`
    : `These images come from an archive in ${title}'s format that is not the official one, so that ` +
      "figures can differ from those on the original pixels.";
}

import { checkOptions, oneOf, type Rules } from "../base/check.ts";
import { loadCached } from "./engine/cached_archive.ts";
import { cifar100 } from "./engine/cifar_format.ts";
import { type Dataset, LOAD_RULES, type LoadOptions, placesOf } from "./load_cifar10.ts";
import { showDataset } from "./engine/show_images.ts";

/** What {@linkcode loadCifar100} can be told; the variables are `CIFAR100_ARCHIVE`, `_URL` and `_OFFLINE`. */
export interface Cifar100Options extends LoadOptions {
  /** Which labels: the 100 `"fine"` classes (the default), or the 20 `"coarse"` ones above them. */
  readonly labels?: "fine" | "coarse";
}

const RULES: Rules<Cifar100Options> = { ...LOAD_RULES, labels: oneOf("fine", "coarse") };

/**
 * Loads CIFAR-100's binary version: 50,000 training and 10,000 test images of 32 × 32 × 3 in 100 classes,
 * or in 20. It is looked for, fetched (161 MiB), verified and kept as {@linkcode loadCifar10} does; there is
 * no stand-in.
 *
 * @throws {Deno.errors.NotFound} If a given archive, or a file in it, is missing
 * @throws {RangeError} If a given archive is damaged, or the cache is and cannot be made anew, naming it
 * @throws {TypeError} If an option is of a wrong kind or unknown
 * @throws {Error} If it is not there and cannot be fetched
 * @throws {DOMException} If the signal aborts; what was downloaded is kept for the next time
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { loadCifar100 } from "deep-features/dataset";
 *
 * async function classes(archive: string) {
 *   const { classNames } = await loadCifar100({ archive, labels: "coarse" });
 *   return classNames; // aquatic_mammals, fish, flowers, …
 * }
 * await assert.rejects(classes("not-here.tar.gz"), /not-here\.tar\.gz/);
 * ```
 */
export async function loadCifar100(options: Cifar100Options = {}): Promise<Dataset> {
  checkOptions("loadCifar100", options, RULES);
  const format = cifar100(options.labels ?? "fine");
  const places = placesOf(options, "CIFAR100", format.address);
  const said: string[] = [];
  const warn = (message: string) => {
    said.push(message);
    places.warn(message);
  };
  const loaded = await loadCached(format, { ...places, warn });
  if (loaded) return showDataset({ ...loaded, source: "cifar100" });
  throw new Error(
    `CIFAR-100 cannot be had: ${
      said.at(-1) ?? "it is not in the cache, and nothing may be downloaded"
    }. ` +
      "Its archive can be given by the option archive or the variable CIFAR100_ARCHIVE",
  );
}

/**
 * Networks as they lie in the cache: files of a model, and beside them the figures of its training with a digest
 * of all.
 *
 * @module
 */
import { join } from "@std/path";
import { digest } from "../base/digest.ts";
import { exists } from "../base/exists.ts";
import type { History } from "../cnn/mod.ts";
import { tellDamaged, TRAINING_FILE } from "./cache.ts";

interface Training {
  readonly sha256: string;
  readonly history: History;
}

/** Whether a folder of the cache holds a trained network, whole; with a word, if it is damaged. */
export async function isTrained(folder: string): Promise<boolean> {
  return await readFigures(folder) !== undefined;
}

/** The figures of a kept network whose digest is right. */
export async function readFigures(folder: string): Promise<History | undefined> {
  if (!await exists(folder)) return undefined;
  try {
    const text = await Deno.readTextFile(join(folder, TRAINING_FILE));
    const { sha256, history } = JSON.parse(text) as Training;
    if (sha256 !== await digestOf(folder, history)) throw new RangeError("The digest differs");
    return history;
  } catch {
    tellDamaged(folder);
    return undefined;
  }
}

/** A digest of a network's files and its figures. */
export async function digestOf(folder: string, history: History): Promise<string> {
  const files = await Promise.all(
    ["model.json", "weights.bin"].map((name) => Deno.readFile(join(folder, name))),
  );
  return digest(...files, JSON.stringify(history));
}

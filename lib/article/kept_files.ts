import { join } from "@std/path";
import { digestOfFile } from "../base/digest.ts";
import {
  cachePath,
  ENTRY_FILE,
  readEntry,
  type Settings,
  tellDamaged,
  withVersion,
  writeEntry,
} from "./cache.ts";

/** In an entry's folder, what is kept. */
const VALUE_FILE = "value";

/** What is kept, and how long it took to make. */
export interface Found<T> {
  readonly value: T;
  readonly seconds: number;
}

/** How a value is kept in one file. */
export interface KeptForm<T> {
  /** What the names of its entries begin with. */
  readonly kind: string;
  /** Writes it to a file, whole or not at all. */
  readonly save: (value: T, path: string) => Promise<void>;
  /** Reads it; throws if the file is not as it was written. */
  readonly load: (path: string) => Promise<T>;
}

interface Facts {
  readonly seconds: number;
  /** Digest of the file. */
  readonly file: string;
}

/** What is kept with these settings; `undefined` if nothing is, or, with a word, if it is damaged. */
export async function findKept<T>(
  { kind, load }: KeptForm<T>,
  settings: Settings,
): Promise<Found<T> | undefined> {
  const folder = folderOf(kind, settings);
  const facts = await readEntry(join(folder, ENTRY_FILE)) as Facts | undefined;
  if (facts === undefined) return undefined;
  const path = join(folder, VALUE_FILE);
  try {
    if (await digestOfFile(path) === facts.file) {
      return { value: await load(path), seconds: facts.seconds };
    }
  } catch {
    // It is not there, or not what it was: that is told below.
  }
  tellDamaged(folder);
  return undefined;
}

/** Keeps a value. Where that fails, as on a full disk, it says so: the value was made all the same. */
export async function keep<T>(
  { kind, save }: KeptForm<T>,
  settings: Settings,
  { value, seconds }: Found<T>,
): Promise<void> {
  const folder = folderOf(kind, settings);
  try {
    // Without its entry nothing is found: what was there, or is half written, is out of use from here on.
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    const path = join(folder, VALUE_FILE);
    await save(value, path);
    const facts: Facts = { seconds, file: await digestOfFile(path) };
    await writeEntry(join(folder, ENTRY_FILE), withVersion(settings), facts);
  } catch (error) {
    console.warn(`Not kept for the next time: ${(error as Error).message}`);
  }
}

function folderOf(kind: string, settings: Settings): string {
  return cachePath(kind, withVersion(settings));
}

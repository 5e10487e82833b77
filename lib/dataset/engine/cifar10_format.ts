import { join } from "@std/path";
import type { Split } from "../split.ts";

/** Height and width of an image. */
export const SIDE = 32;
/** Bytes of one colour plane. */
const PLANE = SIDE * SIDE;
/** Bytes of a record: the label, then the red, green and blue planes. */
export const RECORD_BYTES = 1 + 3 * PLANE;

/** The folder inside the official archive of the binary version. */
export const ARCHIVE_FOLDER = "cifar-10-batches-bin";
/** The record files of the training set, in order. */
export const TRAIN_FILES = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`);
/** The record file of the test set. */
export const TEST_FILE = "test_batch.bin";
/** The class names, one a line. */
export const NAMES_FILE = "batches.meta.txt";
/** All files that make a data set. */
export const DATASET_FILES = [...TRAIN_FILES, TEST_FILE, NAMES_FILE];

const CLASSES = 10;
const CHANNELS = 3;

/** Training and test set as read from a folder. */
export interface Records {
  readonly train: Split;
  readonly test: Split;
  readonly classNames: string[];
}

/**
 * Reads a folder of CIFAR-10's binary version (https://www.cs.toronto.edu/~kriz/cifar.html): records of
 * one label byte and 3 × 1,024 bytes of red, green and blue, which become channels-last images.
 *
 * @param recordsInFile Number of records that each file must hold; official: 10,000
 * @throws {Deno.errors.NotFound} If a file is missing, naming it
 * @throws {RangeError} If a file is damaged, naming it
 */
export async function readRecords(
  folder: string,
  recordsInFile = 10_000,
): Promise<Records> {
  const files = await Promise.all(
    [...TRAIN_FILES, TEST_FILE].map((name) => readFile(join(folder, name))),
  );
  const names = new TextDecoder().decode(
    await readFile(join(folder, NAMES_FILE)),
  );
  const classNames = names.split("\n").map((line) => line.trim()).filter((
    line,
  ) => line !== "");
  if (classNames.length !== CLASSES) {
    throw new RangeError(
      `${join(folder, NAMES_FILE)} names ${classNames.length} classes: need ${CLASSES}`,
    );
  }
  const test = files.pop()!;
  return {
    train: parse(
      files,
      TRAIN_FILES.map((name) => join(folder, name)),
      recordsInFile,
    ),
    test: parse([test], [join(folder, TEST_FILE)], recordsInFile),
    classNames,
  };
}

/** Writes a split as records, the inverse of what {@linkcode readRecords} does. */
export function encodeRecords(split: Split): Uint8Array<ArrayBuffer> {
  const n = split.shape[0];
  const bytes = new Uint8Array(n * RECORD_BYTES);
  for (let i = 0; i < n; i++) {
    const record = i * RECORD_BYTES, image = i * PLANE * CHANNELS;
    bytes[record] = split.labels[i]!;
    for (let pixel = 0; pixel < PLANE; pixel++) {
      for (let channel = 0; channel < CHANNELS; channel++) {
        bytes[record + 1 + channel * PLANE + pixel] = split
          .images[image + pixel * CHANNELS + channel]!;
      }
    }
  }
  return bytes;
}

function parse(
  files: Uint8Array[],
  paths: string[],
  recordsInFile: number,
): Split {
  const n = files.length * recordsInFile;
  const images = new Uint8Array(n * PLANE * CHANNELS);
  const labels = new Uint8Array(n);
  files.forEach((bytes, f) => {
    if (bytes.length !== recordsInFile * RECORD_BYTES) {
      throw new RangeError(
        `${
          paths[f]
        } is damaged: it holds ${bytes.length} bytes, not ${recordsInFile} records of ${RECORD_BYTES}`,
      );
    }
    for (let r = 0; r < recordsInFile; r++) {
      const i = f * recordsInFile + r;
      const record = r * RECORD_BYTES;
      const label = bytes[record]!;
      if (label >= CLASSES) {
        throw new RangeError(
          `${paths[f]} is damaged: record ${r} has label ${label}, but labels go from 0 to ${
            CLASSES - 1
          }`,
        );
      }
      labels[i] = label;
      let to = i * PLANE * CHANNELS;
      for (let pixel = record + 1; pixel <= record + PLANE; pixel++) {
        images[to++] = bytes[pixel]!;
        images[to++] = bytes[pixel + PLANE]!;
        images[to++] = bytes[pixel + 2 * PLANE]!;
      }
    }
  });
  return { images, labels, shape: [n, SIDE, SIDE, CHANNELS] };
}

async function readFile(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new Deno.errors.NotFound(
        `${path} is missing: the data set is incomplete`,
      );
    }
    throw error;
  }
}

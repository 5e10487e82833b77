import { createHash } from "node:crypto";
import { join } from "@std/path";
import type { Split } from "../split.ts";

/** Height and width of an image. */
export const SIDE = 32;
/** Bytes of one colour plane. */
const PLANE = SIDE * SIDE;
const CHANNELS = 3;
/** Far more than class names take. */
const MAX_NAMES_BYTES = 65_536;

/** How a data set of the CIFAR family lies in its archive (https://www.cs.toronto.edu/~kriz/cifar.html). */
export interface CifarFormat {
  readonly title: string;
  /** Address of the binary version's archive, its published MD5 digest, and its length. */
  readonly address: string;
  readonly md5: string;
  readonly archiveBytes: number;
  /** What names of its caches begin with. */
  readonly cacheName: string;
  /** The folder inside the archive. */
  readonly archiveFolder: string;
  readonly trainFiles: readonly string[];
  readonly testFile: string;
  /** Records in a file of the training set, and in the test set's. */
  readonly trainRecords: number;
  readonly testRecords: number;
  /** Label bytes at the head of a record, and which of them is read. */
  readonly labelBytes: number;
  readonly labelAt: number;
  readonly classes: number;
  /** The class names, one a line. */
  readonly namesFile: string;
  /** Further files that belong to it. */
  readonly otherFiles: readonly string[];
}

/** CIFAR-10's binary version. */
export const CIFAR10: CifarFormat = {
  title: "CIFAR-10",
  address: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
  md5: "c32a1d4ab5d03f1284b67883e8d87530",
  archiveBytes: 170_052_171,
  cacheName: "cifar-10",
  archiveFolder: "cifar-10-batches-bin",
  trainFiles: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
  testFile: "test_batch.bin",
  trainRecords: 10_000,
  testRecords: 10_000,
  labelBytes: 1,
  labelAt: 0,
  classes: 10,
  namesFile: "batches.meta.txt",
  otherFiles: [],
};

const CIFAR100_NAMES = ["coarse_label_names.txt", "fine_label_names.txt"] as const;

/** CIFAR-100's binary version, read by its 100 fine labels or its 20 coarse ones. */
export function cifar100(labels: "fine" | "coarse"): CifarFormat {
  const labelAt = labels === "coarse" ? 0 : 1;
  return {
    title: "CIFAR-100",
    address: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
    md5: "03b5dce01913d631647c71ecec9e9cb8",
    archiveBytes: 168_513_733,
    cacheName: "cifar-100",
    archiveFolder: "cifar-100-binary",
    trainFiles: ["train.bin"],
    testFile: "test.bin",
    trainRecords: 50_000,
    testRecords: 10_000,
    labelBytes: 2,
    labelAt,
    classes: labels === "coarse" ? 20 : 100,
    namesFile: CIFAR100_NAMES[labelAt]!,
    otherFiles: [CIFAR100_NAMES[1 - labelAt]!],
  };
}

/** The same format with so few records in a file, as the stand-in and tests have. */
export function withRecords(format: CifarFormat, recordsInFile: number): CifarFormat {
  return { ...format, trainRecords: recordsInFile, testRecords: recordsInFile };
}

/** Bytes of a record: the labels, then the red, green and blue planes. */
export function recordBytes(format: CifarFormat): number {
  return format.labelBytes + CHANNELS * PLANE;
}

/** The files of a data set, each with the most bytes that it can have. */
export function filesOf(format: CifarFormat): Map<string, number> {
  const record = recordBytes(format);
  return new Map([
    ...format.trainFiles.map((name) => [name, format.trainRecords * record] as const),
    [format.testFile, format.testRecords * record],
    ...[format.namesFile, ...format.otherFiles].map((name) => [name, MAX_NAMES_BYTES] as const),
  ]);
}

/** Training and test set as read from a folder. */
export interface Records {
  readonly train: Split;
  readonly test: Split;
  readonly classNames: string[];
}

/**
 * Reads a folder of the binary version: records of label bytes and 3 × 1,024 bytes of red, green and blue,
 * which become channels-last images.
 *
 * @param place What errors call the folder
 * @param digests What the files must hold, by {@linkcode digestsOf}
 * @throws {Deno.errors.NotFound} If a file is missing, naming it
 * @throws {RangeError} If a file is damaged, naming it
 */
export async function readRecords(
  folder: string,
  format: CifarFormat,
  { place = folder, digests }: { place?: string; digests?: Record<string, string> } = {},
): Promise<Records> {
  const read = async (name: string) => {
    const bytes = await readFile(join(folder, name), join(place, name));
    if (digests && sha256(bytes) !== digests[name]) {
      throw new RangeError(`${join(place, name)} is damaged: it is not what was unpacked`);
    }
    return bytes;
  };
  const names = new TextDecoder().decode(await read(format.namesFile));
  const classNames = names.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  if (classNames.length !== format.classes) {
    const path = join(place, format.namesFile);
    throw new RangeError(`${path} names ${classNames.length} classes: need ${format.classes}`);
  }
  for (const name of format.otherFiles) await read(name);
  const parse = async (names: readonly string[], records: number) => {
    const files = await Promise.all(names.map(read));
    return parseRecords(files, names.map((name) => join(place, name)), records, format);
  };
  return {
    train: await parse(format.trainFiles, format.trainRecords),
    test: await parse([format.testFile], format.testRecords),
    classNames,
  };
}

/** SHA-256 digests of a folder's files, by name. */
export async function digestsOf(
  folder: string,
  format: CifarFormat,
): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const name of filesOf(format).keys()) {
    digests[name] = sha256(await Deno.readFile(join(folder, name)));
  }
  return digests;
}

/** Writes a split as records with one label byte, the inverse of what {@linkcode readRecords} does. */
export function encodeRecords(split: Split): Uint8Array<ArrayBuffer> {
  const n = split.shape[0], record = recordBytes(CIFAR10);
  const bytes = new Uint8Array(n * record);
  for (let i = 0; i < n; i++) {
    const begin = i * record, image = i * PLANE * CHANNELS;
    bytes[begin] = split.labels[i]!;
    for (let pixel = 0; pixel < PLANE; pixel++) {
      for (let channel = 0; channel < CHANNELS; channel++) {
        bytes[begin + 1 + channel * PLANE + pixel] = split
          .images[image + pixel * CHANNELS + channel]!;
      }
    }
  }
  return bytes;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function parseRecords(
  files: readonly Uint8Array[],
  paths: readonly string[],
  recordsInFile: number,
  format: CifarFormat,
): Split {
  const n = files.length * recordsInFile, size = recordBytes(format);
  const images = new Uint8Array(n * PLANE * CHANNELS);
  const labels = new Uint8Array(n);
  files.forEach((bytes, f) => {
    if (bytes.length !== recordsInFile * size) {
      throw new RangeError(
        `${
          paths[f]
        } is damaged: it holds ${bytes.length} bytes, not ${recordsInFile} records of ${size}`,
      );
    }
    for (let r = 0; r < recordsInFile; r++) {
      const i = f * recordsInFile + r;
      const record = r * size;
      const label = bytes[record + format.labelAt]!;
      if (label >= format.classes) {
        throw new RangeError(
          `${paths[f]} is damaged: record ${r} has label ${label}, but labels go from 0 to ${
            format.classes - 1
          }`,
        );
      }
      labels[i] = label;
      let to = i * PLANE * CHANNELS;
      const first = record + format.labelBytes;
      for (let pixel = first; pixel < first + PLANE; pixel++) {
        images[to++] = bytes[pixel]!;
        images[to++] = bytes[pixel + PLANE]!;
        images[to++] = bytes[pixel + 2 * PLANE]!;
      }
    }
  });
  return { images, labels, shape: [n, SIDE, SIDE, CHANNELS] };
}

async function readFile(path: string, name: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new Deno.errors.NotFound(`${name} is missing: the data set is incomplete`);
    }
    throw error;
  }
}

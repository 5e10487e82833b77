import assert from "node:assert/strict";
import { join } from "@std/path";
import {
  CIFAR10,
  encodeRecords,
  readRecords,
  recordBytes,
  withRecords,
} from "../../lib/dataset/engine/cifar_format.ts";
import { generateStandIn } from "../../lib/dataset/engine/stand_in.ts";
import { writeDataset } from "./write_dataset.ts";

Deno.test("readRecords() turns planes into channels-last pixels", async () => {
  await using folder = await writeDataset(2);
  const path = join(folder.path, "data_batch_3.bin");
  const bytes = await Deno.readFile(path);
  const record = recordBytes(CIFAR10);
  bytes[record] = 7;
  bytes[record + 1 + 33] = 10; // red of row 1, column 1
  bytes[record + 1 + 1024 + 33] = 20; // green
  bytes[record + 1 + 2048 + 33] = 30; // blue
  await Deno.writeFile(path, bytes);
  const { train, test, classNames } = await readRecords(folder.path, withRecords(CIFAR10, 2));
  assert.deepEqual(train.shape, [10, 32, 32, 3]);
  assert.deepEqual(test.shape, [2, 32, 32, 3]);
  assert.equal(train.labels[5], 7);
  const pixel = (5 * 1024 + 33) * 3;
  assert.deepEqual([...train.images.subarray(pixel, pixel + 3)], [10, 20, 30]);
  assert.equal(classNames.length, 10);
});

Deno.test("encodeRecords() is the inverse of readRecords()", async () => {
  await using folder = await writeDataset(3);
  const { test } = await readRecords(folder.path, withRecords(CIFAR10, 3));
  assert.deepEqual(encodeRecords(test), await Deno.readFile(join(folder.path, "test_batch.bin")));
});

Deno.test("readRecords() names the file that is damaged or missing", async () => {
  await using folder = await writeDataset(2);
  const spoil = async (name: string, change: (bytes: Uint8Array) => Uint8Array) => {
    const path = join(folder.path, name);
    const bytes = await Deno.readFile(path);
    await Deno.writeFile(path, change(bytes.slice()));
    const outcome = await readRecords(folder.path, withRecords(CIFAR10, 2)).then(
      () => undefined,
      (error) => error,
    );
    await Deno.writeFile(path, bytes);
    return outcome as Error;
  };
  const short = await spoil("data_batch_2.bin", (bytes) => bytes.subarray(1));
  assert.match(short.message, /data_batch_2\.bin is damaged: it holds 6145 bytes/);
  const label = await spoil("test_batch.bin", (bytes) => bytes.with(recordBytes(CIFAR10), 10));
  assert.match(label.message, /test_batch\.bin is damaged: record 1 has label 10/);
  const names = await spoil("batches.meta.txt", () => new TextEncoder().encode("one\ntwo\n"));
  assert.match(names.message, /batches\.meta\.txt names 2 classes/);
  await Deno.remove(join(folder.path, "data_batch_4.bin"));
  await assert.rejects(readRecords(folder.path, withRecords(CIFAR10, 2)), (error: Error) => {
    assert.ok(error instanceof Deno.errors.NotFound);
    return /data_batch_4\.bin is missing/.test(error.message);
  });
});

Deno.test("generateStandIn() repeats itself for a seed, and has all classes and varied pictures", () => {
  const split = generateStandIn(200, 1);
  assert.deepEqual(generateStandIn(200, 1), split);
  assert.notDeepEqual(generateStandIn(200, 2).images, split.images);
  assert.equal(new Set(split.labels).size, 10);
  const mean = (values: Uint8Array) => values.reduce((a, b) => a + b, 0) / values.length;
  const means = Array.from(
    { length: 200 },
    (_, i) => mean(split.images.subarray(i * 3072, (i + 1) * 3072)),
  );
  assert.ok(Math.max(...means) - Math.min(...means) > 80);
});

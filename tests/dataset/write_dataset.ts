import { join } from "@std/path";
import { encodeRecords } from "../../lib/dataset/engine/cifar_format.ts";
import { sliceSplit } from "../../lib/dataset/split.ts";
import { generateStandIn } from "../../lib/dataset/engine/stand_in.ts";

/** A folder of CIFAR-10's binary version with `recordsInFile` generated images a file. */
export async function writeDataset(
  recordsInFile: number,
): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir();
  const all = generateStandIn(6 * recordsInFile, 5);
  const files = ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"];
  for (const [i, name] of [...files, "test_batch"].entries()) {
    const records = sliceSplit(all, i * recordsInFile, (i + 1) * recordsInFile);
    await Deno.writeFile(join(path, `${name}.bin`), encodeRecords(records));
  }
  const names = "airplane automobile bird cat deer dog frog horse ship truck";
  await Deno.writeTextFile(join(path, "batches.meta.txt"), names.replaceAll(" ", "\n") + "\n\n");
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

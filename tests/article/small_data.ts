import { type Dataset, type Preset, readPreset, setUpCompute, type Split } from "deep-features";
import { join } from "@std/path";
import { tmpdir } from "node:os";
import { seededRandom } from "deep-features/base";

/** Images of ten classes, each of a grey of its own. */
export function images(count: number, seed: number): Split {
  const random = seededRandom(seed);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
  const bytes = Uint8Array.from(
    { length: count * 3072 },
    (_, i) => labels[Math.floor(i / 3072)]! * 20 + random() * 40,
  );
  return { images: bytes, labels, shape: [count, 32, 32, 3] };
}

export const DATA: Dataset = {
  train: images(60, 1),
  test: images(20, 2),
  classNames: [..."0123456789"],
  source: "stand-in",
  official: false,
};

/** The smallest sizes that do all. */
export const PRESET: Preset = {
  ...readPreset("quick", "1"),
  epochs: 1,
  batchSize: 20,
  forestRows: 30,
  layerRows: 40,
};

/** Runs with a cache of its own, in silence; one at a time, as all test files share one environment. */
export async function withCache(work: (cache: string) => Promise<void>) {
  using lock = await Deno.open(join(tmpdir(), `deep-features-tests-${Deno.pid}.lock`), {
    create: true,
    write: true,
  });
  await lock.lock(true);
  const cache = await Deno.makeTempDir(), before = Deno.env.get("ARTICLE_CACHE");
  const { warn } = console, { writeSync } = Deno.stdout;
  Deno.env.set("ARTICLE_CACHE", cache);
  console.warn = () => {};
  Deno.stdout.writeSync = (bytes) => bytes.length;
  try {
    await setUpCompute({ backend: "simd", quiet: true });
    await work(cache);
  } finally {
    console.warn = warn;
    Deno.stdout.writeSync = writeSync;
    if (before === undefined) Deno.env.delete("ARTICLE_CACHE");
    else Deno.env.set("ARTICLE_CACHE", before);
    await Deno.remove(cache, { recursive: true });
  }
}

/** What is in a folder. */
export const names = async (folder: string) =>
  (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();

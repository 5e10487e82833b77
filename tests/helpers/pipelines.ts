import { encode } from "fast-png";
import { buildCnn, hiddenFeatures, Matrix, setUpCompute, Svc } from "deep-features";
import { seededRandom } from "deep-features/base";
import { type Channels, loadImage } from "deep-features/dataset";
import type { PipelineParts } from "deep-features/pipeline";

export const NAMES = ["dark", "red", "bright"];

/** A picture of a class, with noise. */
export function picture(label: number, seed: number, side = 12): Uint8Array {
  const random = seededRandom(seed);
  const data = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
    const level = label === 0 ? 20 : label === 2 || i % 3 === 0 ? 220 : 20;
    return level + Math.floor(random() * 30);
  });
  return encode({ width: side, height: side, channels: 3, data });
}

type Learned = { model: PipelineParts["model"]; rows: Float32Array[]; y: number[] };
const learned = new Map<Channels, Promise<Learned>>();

/** A small network, and the features of pictures of all three classes. */
async function learn(channels: Channels): Promise<Learned> {
  await setUpCompute({ backend: "simd", quiet: true });
  const model = buildCnn({ seed: 1, inputShape: [8, 8, channels] });
  const rows: Float32Array[] = [], y = Array.from({ length: 18 }, (_, i) => i % 3);
  for (const [i, label] of y.entries()) {
    const image = await loadImage(picture(label, i), { size: [8, 8], channels });
    rows.push((await hiddenFeatures(model, image)).row(0));
  }
  return { model, rows, y };
}

/** What a pipeline of some of the classes is made of. */
export async function parts(
  makeClassifier: () => PipelineParts["classifier"] = () => new Svc({ C: 10 }),
  labels = [0, 1, 2],
  channels: Channels = 3,
): Promise<PipelineParts> {
  if (!learned.has(channels)) learned.set(channels, learn(channels));
  const { model, rows, y } = await learned.get(channels)!;
  const own = [...y.keys()].filter((i) => labels.includes(y[i]!));
  const classifier = makeClassifier();
  await classifier.fit(Matrix.fromRows(own.map((i) => rows[i]!)), own.map((i) => y[i]!));
  return { model, classifier, classNames: NAMES };
}

/** Works in a folder that goes away. */
export async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

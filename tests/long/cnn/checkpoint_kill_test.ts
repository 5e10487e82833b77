import assert from "node:assert/strict";
import { join } from "@std/path";
import { seededRandom } from "deep-features/base";

const SCRIPT = join(import.meta.dirname!, "train_on.ts");

/** Runs the training; kills it some milliseconds after so many batches, if told so. */
async function run(folder: string | undefined, kill?: { batches: number; delay: number }) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-P=test", SCRIPT, ...(folder ? [folder] : [])],
    cwd: join(import.meta.dirname!, "../../.."),
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const lines: string[] = [];
  let rest = "", batches = 0, timer: ReturnType<typeof setTimeout> | undefined;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    lines.push(...parts);
    batches += parts.filter((line) => line.startsWith("at ")).length;
    if (kill && batches >= kill.batches && timer === undefined) {
      timer = setTimeout(() => child.kill("SIGKILL"), kill.delay);
    }
  }
  const { success, signal } = await child.status;
  if (timer !== undefined) clearTimeout(timer);
  const [, first] = /^at (\d+) /.exec(lines[0] ?? "") ?? [];
  return { lines, success, signal, firstEpoch: Number(first) };
}

const result = ({ lines }: { lines: string[] }) => lines.filter((line) => !line.startsWith("at "));

Deno.test("A training that is killed at ten moments and goes on each time ends with the same weights, to the bit", async () => {
  const undisturbed = await run(undefined);
  assert.ok(undisturbed.success);
  assert.match(result(undisturbed)[0]!, /^end [0-9a-f]{64}$/);
  const folder = await Deno.makeTempDir();
  try {
    const random = seededRandom(17);
    const beginnings: number[] = [];
    for (let moment = 0; moment < 10; moment++) {
      // Six batches an epoch; the checkpoint is written between two epochs.
      const kill = { batches: 1 + Math.floor(random() * 24), delay: Math.floor(random() * 12) };
      const { signal, firstEpoch } = await run(folder, kill);
      assert.equal(signal, "SIGKILL");
      beginnings.push(firstEpoch);
    }
    const last = await run(folder);
    assert.ok(last.success);
    beginnings.push(last.firstEpoch);
    assert.deepEqual(result(last), result(undisturbed));
    assert.ok(beginnings.every((epoch, i) => i === 0 || epoch >= beginnings[i - 1]!));
    assert.ok(last.firstEpoch > 5, `went on from epochs ${beginnings}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

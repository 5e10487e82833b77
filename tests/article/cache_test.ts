import assert from "node:assert/strict";
import { join } from "@std/path";
import { trainedCnn } from "deep-features";
import { listCache } from "deep-features/article";
import { cached } from "../../lib/article/cache.ts";
import { cacheCommand } from "../../lib/article/cache_command.ts";
import { DATA, names, withCache } from "./small_data.ts";

const TRAINING = { epochs: 1, batchSize: 20, seed: 3 };

Deno.test("deno task cache lists what is kept, and prunes what it is told, nothing else", async () => {
  await withCache(async (cache) => {
    (await trainedCnn(DATA, TRAINING)).model.dispose();
    await cached("outcome", { svc: {}, rows: 7 }, () => Promise.resolve([1]));
    const old = join(cache, "cnn-0123456789abcdef");
    await Deno.mkdir(old);
    await Deno.writeTextFile(join(old, "history.json"), "{}");
    await Deno.utime(join(old, "history.json"), 0, 0);
    for (const name of ["notes.txt", "cnn-notes"]) {
      await Deno.writeTextFile(join(cache, name), "mine");
    }

    const run = async (...args: string[]) => {
      const lines: string[] = [];
      const code = await cacheCommand(args, { folder: cache, print: (line) => lines.push(line) });
      return { code, lines };
    };
    const { code, lines } = await run();
    assert.equal(code, 0);
    assert.equal(lines.length, 4);
    assert.match(lines.find((line) => line.startsWith("outcome-"))!, /MiB .*svc: \{\}, rows: 7/);
    assert.match(lines.find((line) => /^cnn-.*epochs: 1/.test(line))!, /batchSize: 20, seed: 3/);
    assert.match(lines.find((line) => line.startsWith("cnn-0123"))!, /1970-01-01 .* unreadable/);
    assert.match(lines[3]!, /^3 kept, [\d.]+ MiB$/);

    for (const wrong of [["--prune"], ["--all"], ["--prune", "cnn-1"], ["--prun"], ["x"]]) {
      assert.equal((await run(...wrong)).code, 2, wrong.join());
    }
    assert.equal((await listCache(cache)).length, 3);
    assert.deepEqual(
      (await run("--prune", "--older-than", "365")).lines[0],
      "deleted cnn-0123456789abcdef",
    );
    const [outcome] = (await names(cache)).filter((name) => name.startsWith("outcome-"));
    assert.equal((await run("--prune", outcome!)).code, 0);
    assert.equal((await listCache(cache)).length, 1);
    await run("--prune", "--all");
    assert.deepEqual(await names(cache), ["cnn-notes", "notes.txt"]);
  });
});

import assert from "node:assert/strict";
import { join } from "@std/path";
import { loadPipeline, savePipeline } from "deep-features/pipeline";
import { inFolder, parts, picture } from "../../helpers/pipelines.ts";

const PROJECT = join(import.meta.dirname!, "../../..");

Deno.test("deno task classify tells a line a picture, from any folder, and which it cannot read", async () => {
  await inFolder(async (folder) => {
    await savePipeline(join(folder, "pipeline"), await parts());
    await Deno.writeFile(join(folder, "a picture.png"), picture(2, 9));
    await Deno.writeFile(join(folder, "red.png"), picture(1, 9));
    await Deno.writeTextFile(join(folder, "no picture.jpg"), "text");
    const classify = async (...args: string[]) => {
      // As from a shell: a task that runs this test would hand its own folder on.
      const { INIT_CWD: _, ...env } = Deno.env.toObject();
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["task", "--quiet", "--config", join(PROJECT, "deno.json"), "classify", ...args],
        cwd: folder,
        clearEnv: true,
        env: { ...env, NO_COLOR: "1", COMPUTE: "simd" },
      }).output();
      const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      return { code, out: decode(stdout).trim().split("\n"), err: decode(stderr) };
    };
    const good = await classify("pipeline", "a picture.png", "red.png");
    assert.equal(good.code, 0, good.err);
    assert.match(good.out[0]!, /^a picture\.png: bright, then (dark|red) by \d+(\.\d+)?$/);
    assert.match(good.out[1]!, /^red\.png: red, then (dark|bright) by /);
    assert.equal(good.out.length, 2);
    const some = await classify("--json", "pipeline", "no picture.jpg", "red.png", "missing.png");
    assert.equal(some.code, 1);
    const found = await (await loadPipeline(join(folder, "pipeline"))).classify(picture(1, 9));
    assert.deepEqual(some.out.map((line) => JSON.parse(line)), [{ file: "red.png", ...found }]);
    assert.match(some.err, /^no picture\.jpg: Cannot read the image/m);
    assert.match(some.err, /^missing\.png: /m);
    assert.match(some.err, /2 of 3 pictures could not be read/);
    await savePipeline(join(folder, "gray"), await parts(undefined, undefined, 1));
    const gray = await classify("gray", "a picture.png");
    assert.match(gray.out.join(), /^a picture\.png: bright, then /, gray.err);
    const help = await classify("--help");
    assert.equal(help.code, 0);
    assert.match(help.out.join("\n"), /deno task classify \[--json\] FOLDER IMAGE/);
    for (
      const [args, message] of [
        [["pipeline"], /needs a pipeline's folder and pictures/],
        [["--jsn", "pipeline", "red.png"], /--jsn/],
        [["nowhere", "red.png"], /nowhere/],
      ] as [string[], RegExp][]
    ) {
      const { code, err } = await classify(...args);
      assert.equal(code, 2, err);
      assert.match(err, message);
    }
  });
});

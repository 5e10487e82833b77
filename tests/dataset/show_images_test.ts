import assert from "node:assert/strict";
import { encode } from "fast-png";
import { type Dataset, firstImages } from "deep-features";
import { loadImageFolder, openImageFolder } from "deep-features/dataset";
import { jupyterDisplay } from "../../lib/base/display.ts";

const split = (n: number) => ({
  images: new Uint8Array(n * 12),
  labels: Uint8Array.from({ length: n }, (_, i) => i % 2),
  shape: [n, 2, 2, 3] as const,
});
const data: Dataset = {
  train: split(6),
  test: split(4),
  classNames: ["<b>cats</b>", "dogs"],
  source: "my <i>photographs</i>",
  official: false,
};

const bundle = (value: object) =>
  (value as { [jupyterDisplay](): Record<string, string> })[jupyterDisplay]();

Deno.test("Data sets and splits show themselves in a few lines, names without markup, and stay as they were", () => {
  const shown = firstImages(data, 5, 4);
  const { "text/plain": plain, "text/html": html } = bundle(shown);
  assert.match(plain!, /Dataset\n.*training images +5\n.*test images +4\n.*2 × 2 × 3/);
  assert.match(html!, /&lt;b&gt;cats&lt;\/b&gt;, dogs/);
  assert.ok(!html!.includes("<b>") && !html!.includes("<i>"));
  assert.match(
    bundle(shown.train)["text/plain"]!,
    /Split\n +images +5\n +size +2 × 2 × 3\n +classes +2/,
  );
  const line = Deno.inspect(shown);
  assert.ok(line.length < 250 && !line.includes("\n"), line);
  assert.deepEqual(Object.keys(shown), Object.keys(data));
  assert.deepEqual({ ...shown }, { ...data, train: { ...split(5) }, test: split(4) });
});

Deno.test("Folders of pictures show what was read of them, and what was not", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const png = encode({ width: 2, height: 3, channels: 3, data: new Uint8Array(18) });
    for (const name of ["cats", "dogs"]) {
      await Deno.mkdir(`${folder}/${name}`);
      for (let i = 0; i < 30; i++) await Deno.writeFile(`${folder}/${name}/${i}.png`, png);
    }
    await Deno.writeFile(`${folder}/cats/broken.png`, png.slice(0, 40));
    const read = await loadImageFolder(folder, { size: [3, 2], onError: "skip" });
    const opened = await openImageFolder(folder, { size: [3, 2] });
    for (
      const [shown, title, images, more] of [
        [read, "ImageFolder", 60, [["skipped", 1]]],
        [opened, "ImageStream", 61, []],
      ] as const
    ) {
      const line = Deno.inspect(shown), { "text/plain": plain } = bundle(shown);
      const facts = [["images", images], ["classes", "cats, dogs"], ["passed over", 0], ...more];
      for (const [name, value] of facts) {
        assert.ok(line.includes(`${name}: ${value}`), line);
        assert.match(plain!, new RegExp(`^  ${name} +${value}$`, "m"));
      }
      assert.ok(line.startsWith(`${title} { `) && !line.includes("\n"));
    }
    assert.match(Deno.inspect(read.images), /^Split \{ images: 60/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

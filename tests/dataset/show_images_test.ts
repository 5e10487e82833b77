import assert from "node:assert/strict";
import { type Dataset, firstImages } from "deep-features";
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

Deno.test("Data sets and splits show themselves in a few lines, names without markup, and stay as they were", () => {
  const shown = firstImages(data, 5, 4);
  const bundle = (value: object) =>
    (value as { [jupyterDisplay](): Record<string, string> })[jupyterDisplay]();
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

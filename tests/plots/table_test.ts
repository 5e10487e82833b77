import assert from "node:assert/strict";
import { classificationReport, showTable } from "deep-features";
import { jupyterDisplay } from "../../lib/display.ts";

Deno.test("showTable() shows every row, numbers with equal digits to the right, and escapes text", () => {
  const names = Array.from({ length: 12 }, (_, i) => `<${i}>`);
  const y = Array.from({ length: 36 }, (_, i) => i % 12);
  const table = showTable(classificationReport(y, y, names), { digits: 2, caption: "A & B" });
  const bundle = table[jupyterDisplay]() as Record<string, string>;
  assert.equal(bundle["text/html"]!.match(/<tr>/g)?.length, 1 + 12 + 3);
  assert.match(bundle["text/html"]!, /<caption>A &amp; B<\/caption>.*<td>&lt;0&gt;<\/td>/);
  assert.match(bundle["text/html"]!, /<td class="number"[^>]*>1\.00<\/td>/);
  const lines = bundle["text/plain"]!.split("\n");
  assert.equal(lines.length, 16);
  assert.match(lines[1]!, /^<0> +1\.00 +1\.00 +1\.00 +3$/);
  // The accuracy has neither precision nor recall.
  assert.match(lines[13]!, /^accuracy +1\.00 +36$/);
  assert.throws(() => showTable([]), /no rows/);
});

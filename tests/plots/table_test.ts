import assert from "node:assert/strict";
import { classificationReport, showTable } from "deep-features";
import { jupyterDisplay } from "../../lib/base/display.ts";

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

/** The cells of a column as the text form shows them. */
function shownColumn(values: readonly number[], digits?: number): string[] {
  const table = showTable(values.map((a) => ({ a })), digits === undefined ? {} : { digits });
  const { "text/plain": text } = table[jupyterDisplay]() as Record<string, string>;
  return text!.split("\n").slice(1).map((line) => line.trim());
}

Deno.test("showTable() gives each column the digits that it calls for", () => {
  // Parameters of a grid search: set values as they are, tiny ones with significant digits.
  assert.deepEqual(shownColumn([0.3, 1, 3, 10]), ["0.3", "1", "3", "10"]);
  assert.deepEqual(shownColumn([0.000045367, 0.00018147]), ["0.0000454", "0.000181"]);
  // Accuracies and their deviations: equal digits, without zeros at the end of all of them.
  assert.deepEqual(shownColumn([0.71234567, 0.5]), ["0.7123", "0.5000"]);
  assert.deepEqual(shownColumn([0.366, 0.365, 0.4]), ["0.366", "0.365", "0.400"]);
  assert.deepEqual(shownColumn([0.021234, 0.000707]), ["0.0212", "0.0007"]);
  assert.deepEqual(shownColumn([0.001, 0.0022, 0.0038]), ["0.0010", "0.0022", "0.0038"]);
  // Seconds, counts and seeds.
  assert.deepEqual(shownColumn([123.456, 1.5]), ["123.46", "1.50"]);
  assert.deepEqual(shownColumn([0, 1]), ["0", "1"]);
  assert.deepEqual(shownColumn([50000, 1]), ["50,000", "1"]);
  assert.deepEqual(shownColumn([NaN, 0.25]), ["NaN", "0.25"]);
  assert.deepEqual(shownColumn([0, 1, 1], 3), ["0.000", "1.000", "1.000"]);
});

Deno.test("showTable() shows the columns asked for, in order, under their titles", () => {
  const rows = [{ name: "svm", seconds: 1.5, p: 1e-9 }, { name: "forest", seconds: 22, p: 0.04 }];
  const table = showTable(rows, {
    columns: {
      p: { title: "McNemar's p", format: (p: number) => p.toExponential(0) },
      name: "method",
    },
  });
  const bundle = table[jupyterDisplay]() as Record<string, string>;
  assert.equal(bundle["text/plain"], "McNemar's p  method\n       1e-9  svm\n       4e-2  forest");
  assert.match(bundle["text/html"]!, /<th scope="col"[^>]*>method<\/th>/);
  assert.throws(() => showTable(rows, { columns: { second: "s" } }), {
    name: "RangeError",
    message: 'No row has a column "second": did you mean "seconds"? It knows name, seconds, p',
  });
});

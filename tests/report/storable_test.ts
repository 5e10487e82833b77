import assert from "node:assert/strict";
import { storable } from "../../lib/report/storable.ts";

Deno.test("storable() stores a large figure once, and a small one in both forms", () => {
  const forms = [1000, 60_000].map((length) => {
    const svg = "<svg>".padEnd(length, "x");
    const data = { "image/svg+xml": svg, "text/html": svg, "text/plain": "t" };
    const [cell] = storable({
      cells: [{
        cell_type: "code",
        metadata: {},
        source: "",
        outputs: [{ output_type: "display_data", data, metadata: {} }],
      }],
      metadata: {},
      nbformat: 4,
      nbformat_minor: 5,
    }).cells;
    return Object.keys((cell!.outputs![0] as { data: object }).data);
  });
  assert.deepEqual(forms, [
    ["image/svg+xml", "text/html", "text/plain"],
    ["image/svg+xml", "text/plain"],
  ]);
});

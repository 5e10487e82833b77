import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { parseHTML } from "linkedom";
import { interactiveMap, learningCurves, Matrix, saveFigure } from "deep-features";
import { jupyterDisplay } from "../../../lib/base/display.ts";
import { unpackPoints } from "../../../lib/plots/engine/map/points.ts";
import { FRAME_TYPE } from "../../../lib/notebook/frame_type.ts";
import { storable } from "../../../lib/report/storable.ts";

const EVIL = [
  `</script><script>alert(1)</script>`,
  `"><img src=x onerror="alert(1)">`,
  `</template><b onclick='alert(1)'>`,
  `$& $\` {{script}} <!--`,
];

const options = {
  embedding: Matrix.fromRows([[0, 0], [1, -2], [3, 1], [2.5, 0.125]]),
  labels: [0, 1, 2, 3],
  predicted: [0, 1, 2, 0],
  classNames: EVIL,
};

Deno.test("interactiveMap() lets no name out of its place: one script, named by its digest", async () => {
  for (const evil of EVIL) {
    const { html } = await interactiveMap({
      ...options,
      title: evil,
      description: evil,
      axisLabels: [evil, evil],
    });
    const { document } = parseHTML(html);
    const scripts = document.querySelectorAll("script");
    assert.equal(scripts.length, 1);
    assert.equal(html.match(/<script/g)?.length, 1);
    const digest = createHash("sha256").update(scripts[0]!.textContent).digest("base64");
    const policy = document.querySelector("meta[http-equiv]")!.getAttribute("content")!;
    assert.match(policy, /^default-src 'none';/);
    assert.ok(policy.includes(`script-src 'sha256-${digest}';`), policy);
    assert.equal(document.querySelectorAll("img, b, [onclick], [onerror]").length, 0);
    assert.equal(document.querySelector("title")!.textContent, evil);
    assert.equal(document.querySelector("h1")!.textContent, evil);
    const data = document.querySelector("template")!;
    const info = JSON.parse(data.getAttribute("data-info")!);
    assert.deepEqual(info.classNames, EVIL);
    assert.deepEqual(info.axisLabels, [evil, evil]);
    assert.equal(info.colors.length, 4);
    const points = unpackPoints(JSON.parse(data.getAttribute("data-points")!));
    assert.deepEqual(points.positions, options.embedding.data);
    assert.deepEqual([...points.labels], options.labels);
    assert.deepEqual([...points.predicted!], options.predicted);
  }
});

Deno.test("interactiveMap() shows itself as a frame with a fixed picture, and says what it shows", async () => {
  const images = { images: new Uint8Array(4 * 12), labels: new Uint8Array(4), shape: [4, 2, 2, 3] };
  const map = await interactiveMap({ ...options, images: images as never, title: "Four" });
  const bundle = map[jupyterDisplay]() as Record<string, string>;
  assert.deepEqual(Object.keys(bundle).sort(), [
    FRAME_TYPE,
    "image/svg+xml",
    "text/html",
    "text/plain",
  ]);
  assert.equal(bundle[FRAME_TYPE], map.html);
  assert.match(bundle["text/plain"]!, /^Four: 4 points/);
  const { document } = parseHTML(map.html);
  assert.equal(
    document.querySelector("header p")!.textContent,
    "4 images, coloured by class; 1 predicted wrongly",
  );
  // Images wait in a template, where nothing is decoded or loaded.
  assert.match(map.html, /<template [^>]*>\s*<img alt="" src="data:image\/webp;base64,[^"]+">\s*</);
  assert.ok(!/(src|href)="(?!data:)/.test(map.html), "nothing is loaded from elsewhere");
});

Deno.test("interactiveMap() carries the points that a switch shows alone, and their name as text", async () => {
  const map = await interactiveMap({ ...options, subset: { name: "<b>late</b>", rows: [1, 3] } });
  const { document } = parseHTML(map.html);
  const { dataset } = document.querySelector("template") as HTMLTemplateElement;
  assert.equal(JSON.parse(dataset["info"]!).subsetName, "<b>late</b>");
  assert.deepEqual([...unpackPoints(JSON.parse(dataset["points"]!)).subset!], [0, 1, 0, 1]);
  assert.ok(!map.html.includes("<b>late</b>"));
});

Deno.test("interactiveMap()'s page stays out of the stored notebook, and its picture remains", async () => {
  const map = await interactiveMap(options);
  const [cell] = storable({
    cells: [{
      cell_type: "code",
      metadata: {},
      source: "map",
      outputs: [{ output_type: "display_data", data: map[jupyterDisplay](), metadata: {} }],
    }],
    metadata: {},
    nbformat: 4,
    nbformat_minor: 5,
  }).cells;
  const { data } = cell!.outputs![0] as { data: Record<string, unknown> };
  assert.ok(!(FRAME_TYPE in data) && "image/svg+xml" in data);
});

Deno.test("interactiveMap() refuses what does not fit before any work", async () => {
  const refuses = (wrong: object, message: RegExp) =>
    assert.rejects(interactiveMap({ ...options, ...wrong }), { name: "RangeError", message });
  await refuses({ labels: [0, 1] }, /4 points have 2 labels/);
  await refuses({ predicted: [0] }, /4 points have 1 predictions/);
  await refuses({ labels: [0, 1, 2, 4] }, /label 4 of point 3 is not one of the 4 classes/);
  await refuses({ predicted: [0, 1.5, 2, 3] }, /prediction 1\.5 of point 1/);
  await refuses({ embedding: Matrix.fromRows([[0, NaN], [1, 1], [2, 2], [3, 3]]) }, /NaN/);
  await refuses({ embedding: Matrix.fromRows([[0], [1], [2], [3]]) }, /1 coordinates: need 2/);
  await refuses({ embedding: new Matrix(new Float32Array(0), 0, 2), labels: [] }, /without points/);
  const split = { images: new Uint8Array(12), labels: new Uint8Array(1), shape: [1, 2, 2, 3] };
  await refuses({ images: split }, /4 points have 1 images/);
  await refuses({ subset: { name: "late", rows: [0, 4] } }, /row 4, but there are 4 points/);
  await assert.rejects(
    interactiveMap({ ...options, subset: { name: "late" } as never }),
    TypeError,
  );
});

Deno.test("saveFigure() saves an interactive map as one page, and refuses a fixed figure", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const map = await interactiveMap(options);
    await saveFigure(map, join(folder, "made", "map.html"));
    assert.equal(await Deno.readTextFile(join(folder, "made", "map.html")), map.html);
    assert.deepEqual([...Deno.readDirSync(join(folder, "made"))].map(({ name }) => name), [
      "map.html",
    ]);
    const history = { loss: [1], accuracy: [1], valLoss: [1], valAccuracy: [1] };
    await assert.rejects(
      saveFigure(learningCurves({ history }), join(folder, "a.html")),
      /not interactive as .*a\.html/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

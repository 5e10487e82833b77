// What people really bring: grey pictures, no validation images, long and foreign names, many rows.
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "@std/path";
import { decode } from "fast-png";
import {
  classScatter,
  comparisonChart,
  confusionHeatmap,
  confusionMatrix,
  imageGrid,
  interactiveMap,
  learningCurves,
  Matrix,
  saveFigure,
  showTable,
  type Split,
  trainingSizeCurves,
} from "deep-features";
import { jupyterDisplay } from "../../lib/base/display.ts";

const NAN = [NaN, NaN];

/** Four images of 2 × 2 pixels whose bytes are all different. */
function smallSplit(channels: number): Split {
  return {
    images: Uint8Array.from({ length: 4 * 4 * channels }, (_, i) => 3 * i),
    labels: new Uint8Array([0, 1, 0, 1]),
    shape: [4, 2, 2, channels],
  };
}

/** The x of each text's end or start, as far as attributes and transforms tell it. */
function boxes(svg: string): number[][] {
  const [, width, height] = svg.match(/viewBox="0 0 ([\d.]+) ([\d.]+)"/)!.map(Number);
  return [[width!, height!]];
}

Deno.test("imageGrid() shows the pixels of grey and RGBA images as they are", () => {
  for (const channels of [1, 3, 4]) {
    const split = smallSplit(channels);
    const { svg } = imageGrid({ split, classNames: ["cat", "dog"], rows: 2, columns: 2 });
    const urls = [...svg.matchAll(/href="data:image\/png;base64,([^"]+)"/g)];
    urls.forEach((url, i) => {
      const image = decode(Buffer.from(url[1]!, "base64"));
      assert.equal(image.channels, channels);
      assert.deepEqual(
        [...image.data],
        [...split.images.subarray(i * 4 * channels, (i + 1) * 4 * channels)],
      );
    });
    assert.equal(urls.length, 4);
  }
  assert.throws(
    () => imageGrid({ split: smallSplit(2), classNames: ["cat", "dog"], rows: 1, columns: 1 }),
    { name: "RangeError", message: /2 channels/ },
  );
});

Deno.test("interactiveMap() packs grey and RGBA images, and is the same to the byte each time", async () => {
  const embedding = Matrix.fromRows([[0, 0], [1, 2], [3, 1], [2, 2]]);
  const options = { embedding, labels: [0, 1, 0, 1], classNames: ["cat", "dog"] };
  for (const channels of [1, 3, 4]) {
    const images = smallSplit(channels);
    const { html } = await interactiveMap({ ...options, images });
    assert.equal((await interactiveMap({ ...options, images })).html, html);
  }
});

Deno.test("learningCurves() says nothing of a validation that did not take place", () => {
  const history = { loss: [2, 1], accuracy: [0.2, 0.5], valLoss: NAN, valAccuracy: NAN };
  const { alt, svg } = learningCurves({ history });
  assert.equal(alt, "Learning curves: after 2 epochs the training accuracy is 0.500");
  assert.doesNotMatch(svg, /NaN|validation/);
  const one = learningCurves({
    history: { loss: [2], accuracy: [1], valLoss: [], valAccuracy: [] },
  });
  assert.doesNotMatch(one.svg + one.alt, /NaN|validation/);
  assert.match(one.alt, /after 1 epoch the/);
});

Deno.test("Long class names lie inside the figure", async () => {
  const classNames = [
    "chrysanthemum with many petals",
    "a rather long name of a class that somebody has thought of",
    "ox",
  ];
  const matrix = confusionMatrix([0, 1, 2], [0, 1, 1], 3);
  const rows = classNames.map((name, i) => ({ name, mean: 0.5 + i / 10 }));
  const points = rows.flatMap((row) => [{ ...row, count: 5 }, { ...row, count: 50_000 }]);
  const figures = [
    confusionHeatmap({ matrix, classNames }),
    comparisonChart({ rows }),
    trainingSizeCurves({ rows: points }),
  ];
  for (const figure of figures) {
    // A second drawing with room around it: no ink may lie where the first drawing has no place.
    const around = 400;
    const svg = figure.svg.replace(
      /^(<svg[^>]*?)width="[\d.]+" height="[\d.]+" viewBox="0 0 ([\d.]+) ([\d.]+)"/,
      (_, head, width, height) =>
        `${head}width="${+width + 2 * around}" height="${+height + 2 * around}" ` +
        `viewBox="${-around} ${-around} ${+width + 2 * around} ${+height + 2 * around}"`,
    );
    const path = await Deno.makeTempFile({ suffix: ".png" });
    await saveFigure({ ...figure, svg }, path, { scale: 1 });
    const { data, width, height } = decode(await Deno.readFile(path));
    await Deno.remove(path);
    const [[ownWidth, ownHeight]] = boxes(figure.svg) as [[number, number]];
    let outside = 0, inside = 0;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = 4 * (y * width + x);
        const isInk = Number(data[at + 3]) > 0 && Number(data[at]) < 160;
        const isIn = x >= around - 1 && x <= around + ownWidth && y >= around - 1 &&
          y <= around + ownHeight;
        if (isInk) isIn ? inside++ : outside++;
      }
    }
    assert.ok(inside > 500, `${inside} dark pixels inside`);
    assert.equal(outside, 0, `${figure.alt}: ${outside} dark pixels outside`);
  }
});

Deno.test("saveFigure() warns of characters that its font lacks, and takes a font that has them", async () => {
  const figure = comparisonChart({ rows: [{ name: "飞机 हिन्दी", mean: 0.5 }] });
  const folder = await Deno.makeTempDir();
  const warnings: string[] = [];
  const warn = console.warn;
  console.warn = (text: string) => warnings.push(text);
  try {
    await saveFigure(figure, join(folder, "a.png"));
    await saveFigure(figure, join(folder, "a.svg"));
    await saveFigure(
      comparisonChart({ rows: [{ name: "Привет, κόσμε – ”ça”", mean: 1 }] }),
      join(folder, "b.png"),
    );
    await saveFigure(figure, join(folder, "c.png"), { fonts: [new Uint8Array(4)] });
  } finally {
    console.warn = warn;
    await Deno.remove(folder, { recursive: true });
  }
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /boxes for 飞 机 ह न द, which its font lacks: .*fonts/);
});

Deno.test("saveFigure() onto a folder is refused and leaves nothing behind", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.mkdir(join(folder, "a.svg"));
  const figure = comparisonChart({ rows: [{ name: "a", mean: 1 }] });
  await assert.rejects(saveFigure(figure, join(folder, "a.svg")), /is a folder/);
  assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["a.svg"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("showTable() shows 200,000 rows, and columns that only later rows have", () => {
  const many = Array.from({ length: 200_000 }, (_, i) => ({ a: i / 7 }));
  const bundle = showTable(many)[jupyterDisplay]() as Record<string, string>;
  assert.equal(bundle["text/plain"]!.split("\n").length, 200_001);
  assert.equal(bundle["text/html"]!.match(/<tr>/g)!.length, 200_001);

  const late = showTable([{ a: 1 }, { a: 2, b: "x" }, { c: 0.5 }])[jupyterDisplay]();
  assert.equal(late["text/plain"], "a  b    c\n1\n2  x\n      0.5");
  for (const wrong of [null, 5, [1], [null], {}]) {
    assert.throws(() => showTable(wrong as never), { name: "TypeError" });
  }
});

Deno.test("classScatter() keeps a hundred classes legible, and refuses labels without a name", () => {
  const embedding = Matrix.fromRows([[0, 0], [1, 1]]);
  const classNames = Array.from({ length: 100 }, (_, i) => `class ${i}`);
  const { svg, height } = classScatter({ panels: [{ embedding, labels: [0, 99] }], classNames });
  const places = [
    ...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)" font-size="11" fill="[^"]*">class/g),
  ]
    .map(([, x, y]) => [Number(x), Number(y)]);
  assert.equal(places.length, 100);
  for (const [x, y] of places) {
    const near = places.filter(([u, v]) => u === x && Math.abs(v! - y!) < 12);
    assert.equal(near.length, 1, "lines of the key are at least 12 pixels apart");
    assert.ok(y! < height);
  }
  assert.throws(
    () => classScatter({ panels: [{ embedding, labels: [0, 2] }], classNames: ["a", "b"] }),
    { name: "RangeError", message: "Label 2 of point 1 has no name: there are 2 classes" },
  );
  assert.throws(
    () =>
      classScatter({
        panels: [{ embedding: Matrix.fromRows([[0, NaN]]), labels: [0] }],
        classNames,
      }),
    { name: "RangeError", message: /NaN in row 0/ },
  );
});

Deno.test("Every figure refuses an unknown option and names the nearest", async () => {
  const history = { loss: [1], accuracy: [1], valLoss: [1], valAccuracy: [1] };
  const wrong = { titel: "x" };
  const calls: [string, () => unknown][] = [
    ["learningCurves", () => learningCurves({ history, ...wrong })],
    ["imageGrid", () => imageGrid({ split: smallSplit(3), classNames: ["a"], ...wrong })],
    ["comparisonChart", () => comparisonChart({ rows: [], ...wrong })],
    ["trainingSizeCurves", () => trainingSizeCurves({ rows: [], ...wrong })],
    [
      "confusionHeatmap",
      () => confusionHeatmap({ matrix: confusionMatrix([0], [0]), classNames: ["a"], ...wrong }),
    ],
    ["classScatter", () => classScatter({ panels: [], classNames: [], ...wrong })],
    [
      "interactiveMap",
      () =>
        interactiveMap({
          embedding: Matrix.fromRows([[0, 0]]),
          labels: [0],
          classNames: ["a"],
          ...wrong,
        }),
    ],
  ];
  for (const [name, call] of calls) {
    await assert.rejects(async () => await call(), {
      name: "TypeError",
      message: new RegExp(`^${name} has no option "titel": did you mean "title"\\?`),
    });
  }
  await assert.rejects(saveFigure(learningCurves({ history }), "a.png", { scala: 1 } as never), {
    message: /did you mean "scale"/,
  });
});

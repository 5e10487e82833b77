import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { decode } from "fast-png";
import { join } from "@std/path";
import {
  classScatter,
  comparisonChart,
  confusionHeatmap,
  confusionMatrix,
  type Figure,
  gridSearchHeatmap,
  imageGrid,
  learningCurves,
  Matrix,
  saveFigure,
  type Split,
  trainingSizeCurves,
} from "deep-features";
import { seededRandom } from "deep-features/base";
import { jupyterDisplay } from "../../lib/base/display.ts";

const NAMES = ["cat", "dog & co", "<ship>"];

function randomSplit(n: number): Split {
  const random = seededRandom(1);
  return {
    images: Uint8Array.from({ length: n * 3072 }, () => 256 * random()),
    labels: Uint8Array.from({ length: n }, (_, i) => i % 3),
    shape: [n, 32, 32, 3],
  };
}

const history = {
  loss: [2, 1.5, 1],
  accuracy: [0.2, 0.4, 0.6],
  valLoss: [2.1, 1.7, 1.4],
  valAccuracy: [0.2, 0.35, 0.5],
};

/** The texts of a figure, in order. */
function texts(figure: Figure): string[] {
  return [...figure.svg.matchAll(/<text[^>]*>([^<]*)</g)].map((match) => match[1]!);
}

/** The figure as RGBA pixels, drawn the way `saveFigure` does it. */
async function pixels(figure: Figure, scale = 1) {
  const folder = await Deno.makeTempDir();
  try {
    await saveFigure(figure, join(folder, "made", "a.png"), { scale });
    assert.deepEqual(
      [...Deno.readDirSync(join(folder, "made"))].map(({ name }) => name),
      ["a.png"],
    );
    return decode(await Deno.readFile(join(folder, "made", "a.png")));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("imageGrid() shows each image's own pixels under its class name", () => {
  const split = randomSplit(100);
  const figure = imageGrid({ split, classNames: NAMES });
  const urls = [...figure.svg.matchAll(/href="data:image\/png;base64,([^"]+)"/g)];
  assert.equal(urls.length, 100);
  for (const i of [0, 57, 99]) {
    const image = decode(Buffer.from(urls[i]![1]!, "base64"));
    assert.deepEqual([image.width, image.height, image.channels], [32, 32, 3]);
    assert.deepEqual([...image.data], [...split.images.subarray(i * 3072, (i + 1) * 3072)]);
  }
  const labels = texts(figure).slice(1);
  assert.deepEqual(labels.slice(0, 3), ["cat", "dog &amp; co", "&lt;ship&gt;"]);
  assert.equal(labels.length, 100);
  assert.throws(() => imageGrid({ split: randomSplit(9), classNames: NAMES }), /10 × 10 with 9/);
});

Deno.test("learningCurves() draws two curves in each of two panels and says where they end", () => {
  const figure = learningCurves({ history });
  for (const label of ["training", "validation", "Accuracy", "epoch"]) {
    assert.ok(texts(figure).some((text) => text.includes(label)), label);
  }
  assert.equal(figure.svg.match(/aria-label="line"/g)?.length, 2);
  assert.match(figure.alt, /3 epochs.*0\.600.*0\.500/);
  assert.throws(
    () => learningCurves({ history: { loss: [], accuracy: [], valLoss: [], valAccuracy: [] } }),
    /no epoch/,
  );
});

Deno.test("confusionHeatmap() annotates every cell with its count", () => {
  const matrix = confusionMatrix([0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 2, 0], 3);
  const figure = confusionHeatmap({ matrix, classNames: NAMES });
  const numbers = texts(figure).filter((text) => /^\d+$/.test(text));
  assert.deepEqual(numbers, ["1", "1", "0", "0", "1", "0", "1", "0", "2"]);
  assert.match(figure.alt, /4 of 6/);
  assert.throws(() => confusionHeatmap({ matrix, classNames: ["a"] }), /1 names/);
});

Deno.test("classScatter() keeps 50,000 points under a megabyte, and each in its class's colour", async () => {
  const n = 50_000;
  const random = seededRandom(2);
  const embedding = new Matrix(Float32Array.from({ length: 2 * n }, () => random()), n, 2);
  const labels = Uint8Array.from({ length: n }, (_, i) => i % 3);
  const figure = classScatter({ panels: [{ embedding, labels }], classNames: NAMES });
  assert.ok(figure.svg.length < 1_000_000, `${figure.svg.length} bytes`);

  // Two single points far apart: dark plasma for the first class, yellow for the last.
  const two = classScatter({
    panels: [{ embedding: Matrix.fromRows([[0, 0], [1, 1]]), labels: [0, 2] }],
    classNames: NAMES,
    scheme: "plasma",
  });
  const { data, width, height } = await pixels(two);
  assert.deepEqual([width, height], [Math.ceil(two.width), Math.ceil(two.height)]);
  const count = (is: (r: number, g: number, b: number) => boolean) => {
    let found = 0;
    // Left of the colour bar.
    for (let y = 0; y < height; y++) {
      for (let x = 60; x < 560; x++) {
        const at = (y * width + x) * 4;
        if (is(Number(data[at]), Number(data[at + 1]), Number(data[at + 2]))) {
          found++;
        }
      }
    }
    return found;
  };
  assert.ok(count((r, g, b) => r < 60 && g < 60 && b > 100) > 5, "a dark blue point");
  assert.ok(count((r, g, b) => r > 220 && g > 220 && b < 90) > 5, "a yellow point");
  assert.throws(
    () => classScatter({ panels: [{ embedding, labels: [1] }], classNames: NAMES }),
    /50000 points have 1 labels/,
  );
});

Deno.test("classScatter() draws a background pale, under the points and on the same scale", async () => {
  const corners = Matrix.fromRows([[0, 0], [1, 1]]), middle = Matrix.fromRows([[0.5, 0.5]]);
  const draw = async (background: Matrix, embedding: Matrix) => {
    const figure = classScatter({
      panels: [{
        embedding,
        labels: Array(embedding.rows).fill(0),
        background: { embedding: background, labels: Array(background.rows).fill(0) },
      }],
      classNames: NAMES,
      scheme: "plasma",
    });
    const { data, width, height } = await pixels(figure);
    // Dark and pale blue left of the colour bar, and where the dark is.
    const found = { dark: 0, pale: 0, x: 0, left: Infinity, right: 0 };
    for (let y = 0; y < height - 40; y++) {
      for (let x = 60; x < 570; x++) {
        const at = (y * width + x) * 4;
        const r = Number(data[at]), b = Number(data[at + 2]);
        if (b - r < 25) continue;
        if (r < 60) {
          found.dark++;
          found.x += x;
        } else if (r > 170 && r < 200 && b > 210) {
          found.pale++;
          found.left = Math.min(found.left, x);
          found.right = Math.max(found.right, x);
        }
      }
    }
    return found;
  };
  const found = await draw(corners, middle);
  assert.ok(found.dark > 5 && found.pale > 5, JSON.stringify(found));
  const middleX = (found.left + found.right) / 2;
  assert.ok(found.right - found.left > 400, JSON.stringify(found));
  assert.ok(Math.abs(found.x / found.dark - middleX) < 2, JSON.stringify(found));
  // A point on a pale one hides it; half of two is left.
  const half = await draw(corners, Matrix.fromRows([[1, 1]]));
  assert.ok(half.dark > 5 && half.x / half.dark > 500, JSON.stringify(half));
  assert.ok(half.pale > 0.3 * found.pale && half.pale < 0.9 * found.pale, JSON.stringify(half));
  assert.throws(() =>
    classScatter({
      panels: [{ embedding: middle, labels: [0], background: { embedding: corners, labels: [1] } }],
      classNames: NAMES,
    }), /2 points have 1 labels/);
});

Deno.test("classScatter() marks rows with a cross and titles several maps", () => {
  const panel = { embedding: Matrix.fromRows([[0, 0], [1, 1], [2, 0]]), labels: [0, 1, 2] };
  const figure = classScatter({
    panels: [{ ...panel, title: "raw pixels" }, { ...panel, title: "hidden", marked: [1, 2] }],
    classNames: NAMES,
  });
  assert.ok(texts(figure).includes("raw pixels") && texts(figure).includes("hidden"));
  const crosses = figure.svg.match(/<g[^>]*aria-label="dot".*?<\/g>/gs)!.map((
    group,
  ) => group.match(/<path/g)?.length ?? 0);
  assert.deepEqual(crosses, [2]);
});

Deno.test("gridSearchHeatmap() frames the best cell, comparisonChart() writes mean and deviation", () => {
  const scores = [0.1, 1].flatMap((C) =>
    [0.01, 0.1].map((gamma) => ({ C, gamma, score: C + gamma }))
  );
  const heat = gridSearchHeatmap({ scores });
  assert.match(heat.alt, /best 1\.1000 at C = 1, gamma = 0\.1/);
  assert.equal(heat.svg.match(/#dc2626/g)?.length, 1);
  const chart = comparisonChart({
    rows: [{ name: "softmax", mean: 0.7, sd: 0.01 }, { name: "SVM", mean: 0.71 }],
  });
  assert.ok(texts(chart).includes("0.7000 ± 0.0100") && texts(chart).includes("0.7100"));
  assert.throws(() => gridSearchHeatmap({ scores: [] }), /no scores/);
  // Any two parameters; of a third one a cell shows the best.
  const forest = [3, null, 10].flatMap((maxDepth) =>
    [200, 50].flatMap((nEstimators) =>
      ["sqrt", "all"].map((maxFeatures, i) => ({
        maxDepth,
        nEstimators,
        maxFeatures,
        score: (maxDepth ?? 20) / 100 + nEstimators / 1000 + i / 100,
      }))
    )
  );
  const two = gridSearchHeatmap({ scores: forest, x: "nEstimators", y: "maxDepth" });
  assert.match(two.alt, /best 0\.4100 at maxDepth = null, nEstimators = 200/);
  assert.ok(["50", "200", "3", "null", "10", "0.4100"].every((text) => texts(two).includes(text)));
  assert.throws(
    () => gridSearchHeatmap({ scores: forest, x: "nEstimator" }),
    /RangeError: gridSearchHeatmap: the scores lack "nEstimator": did you mean "nEstimators"/,
  );
  assert.throws(() => gridSearchHeatmap({ scores: [{ C: 1, score: 1 }] }), /need two parameters/);
  assert.throws(
    () => gridSearchHeatmap({ scores, tittle: "x" } as object as { scores: typeof scores }),
    /^TypeError: gridSearchHeatmap has no option "tittle": did you mean "title"/,
  );
  assert.throws(() => comparisonChart({ rows: [] }), /nothing to compare/);
});

Deno.test("trainingSizeCurves() draws curves in bands over a logarithmic axis, and names them at their ends", () => {
  const counts = [500, 5, 50];
  const rows = counts.flatMap((count) => [
    { name: "<svm>", count, mean: 0.5 + Math.log10(count) / 10, sd: 0.02 },
    { name: "scratch", count, mean: 0.4 + Math.log10(count) / 10 },
  ]);
  const figure = trainingSizeCurves({ rows, title: "Never seen", countLabel: "images" });
  const [blue, red] = ["#2a40b3", "#d40005"];
  const ofBlue = /stroke="#2a40b3"[^>]* aria-label="line">\s*<path d="M([^"]+)"/;
  const points = figure.svg.match(ofBlue)![1]!.split("L").map((point) =>
    point.split(",").map(Number)
  );
  // Rising counts, as far from each other as their logarithms, and rising accuracies.
  const [a, b, c] = points as [number[], number[], number[]];
  assert.equal(points.length, 3);
  assert.ok(Math.abs((b[0]! - a[0]!) - (c[0]! - b[0]!)) < 0.01, `${points}`);
  assert.ok(a[1]! > b[1]! && b[1]! > c[1]!, `${points}`);
  for (const text of ["5", "50", "500", "&lt;svm&gt;", "scratch", "images", "Never seen"]) {
    assert.ok(texts(figure).includes(text), text);
  }
  // One of the two has deviations, and so a band as high as two of them.
  const bands = [...figure.svg.matchAll(/aria-label="area"[^>]*>\s*<path d="M([^"]+)Z"/g)];
  assert.equal(bands.length, 1);
  const corners = bands[0]![1]!.split("L").map((point) => point.split(",").map(Number)[1]!);
  const perUnit = (a[1]! - c[1]!) / 0.2;
  assert.ok(
    Math.abs(Math.abs(corners[0]! - corners.at(-1)!) - 0.04 * perUnit) < 0.01,
    `${corners}`,
  );
  assert.match(figure.svg, /<title>&lt;svm&gt;, 50: 0\.6699 ± 0\.0200<\/title>/);
  assert.ok(figure.svg.includes(blue!) && figure.svg.includes(red!));
  assert.equal(
    figure.alt,
    "Never seen: <svm> 0.5699 at 5 to 0.7699 at 500, scratch 0.4699 at 5 to 0.6699 at 500",
  );
});

Deno.test("trainingSizeCurves() keeps names and numbers apart, draws a single count, and refuses the rest", () => {
  const at = (count: number, name = "a", mean = 0.5) => ({ name, count, mean });
  const draw = (...rows: ReturnType<typeof at>[]) => trainingSizeCurves({ rows });
  const names = ["a", "b", "c", "d", "e", "f", "g"];
  const crowded = draw(...names.flatMap((name) => [at(1, name), at(100, name), at(101, name)]));
  const places = [
    ...crowded.svg.matchAll(
      /<g transform="translate\([\d.]+,(-?[\d.]+)\)" text-anchor="start"[^>]* aria-label="text">/g,
    ),
  ].map(([, y]) => Number(y)).sort((a, b) => a - b);
  assert.equal(places.length, 7);
  places.slice(1).forEach((y, i) => assert.ok(y - places[i]! >= 16, `${places}`));
  // From the middle of the frame, which is 240 high.
  assert.ok(places[0]! >= -120 && places.at(-1)! <= 120, `${places}`);
  // 101 has no room beside 100.
  assert.deepEqual(texts(crowded).filter((text) => /^1\d*$/.test(text)), ["1", "100"]);
  const single = trainingSizeCurves({ rows: [{ ...at(5), sd: 0.1 }] });
  assert.match(single.alt, /: a 0\.5000 at 5$/);
  assert.doesNotMatch(single.svg + draw(at(5)).svg, /NaN|Infinity/);

  const refused: [ReturnType<typeof at>[], RegExp][] = [
    [[], /no rows/],
    [[...names, "h"].map((name) => at(1, name)), /at most 7 curves can be told apart, got 8/],
    [[at(5), at(5)], /"a" has several means at 5: rows with one name are one curve/],
    [[at(0)], /rows must be an array of rows with name, count above 0 and mean/],
    [[at(1, "a", NaN)], /rows must be/],
    [[{ ...at(1), sd: -1 } as never], /rows must be/],
  ];
  for (const [rows, message] of refused) {
    assert.throws(() => draw(...rows), { name: "RangeError", message });
  }
  assert.throws(() => trainingSizeCurves({ rows: 5 as never }), TypeError);
});

Deno.test("saveFigure() writes text that can be read without any font on the machine", async () => {
  const figure = learningCurves({ history, title: "A title" });
  const { data, width, channels } = await pixels(figure, 2);
  assert.equal(width, 2 * figure.width);
  let dark = 0;
  for (let y = 20; y < 60; y++) {
    for (let x = 30; x < 200; x++) {
      if (Number(data[(y * width + x) * channels]) < 100) dark++;
    }
  }
  assert.ok(dark > 100, `${dark} dark pixels where the title is`);
  await assert.rejects(saveFigure(figure, "figure.jpg"), /must end in \.png or \.svg/);
});

Deno.test("A figure shows itself as SVG, HTML and text", () => {
  const bundle = learningCurves({ history })[jupyterDisplay]() as Record<
    string,
    string
  >;
  assert.match(bundle["image/svg+xml"]!, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  assert.match(bundle["text/html"]!, /xmlns=.*role="img" aria-label="Learning curves/);
  assert.match(bundle["text/plain"]!, /^Learning curves/);
});

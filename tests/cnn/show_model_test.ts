import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { buildCnn, setUpCompute } from "deep-features";
import { jupyterDisplay } from "deep-features/base";

type Shown = Record<symbol, () => Record<string, string>>;

Deno.test("A network shows itself in a notebook and in console.log: a line a layer, and short", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const model = buildCnn({ seed: 1, inputShape: [8, 8, 3] });
  const bundle = (model as unknown as Shown)[jupyterDisplay]!();
  const count = model.countParams().toLocaleString("en");
  assert.equal(bundle["text/plain"]!.split("\n").length, 1 + model.layers.length);
  for (const text of Object.values(bundle)) {
    assert.ok(text.includes(`of ${model.layers.length} layers, ${count} parameters`), text);
    assert.match(text, /hidden.*Dense, 512, [\d,]+ parameters/);
  }
  assert.match(bundle["text/html"]!, /^<table>.*<\/table>$/);
  const line = Deno.inspect(model);
  assert.match(line, /^\w+ of \d+ layers, [\d,]+ parameters \{ input: 8 × 8 × 3, output: 10 \}$/);
  assert.ok(!Object.keys(model).includes("Jupyter.display"));
  // Long ones are cut, and those that are not built say so.
  const long = tf.sequential();
  assert.match(Deno.inspect(long), /not built yet/);
  for (let i = 0; i < 60; i++) long.add(tf.layers.dense({ units: 2, inputShape: [2] }));
  const text = (long as unknown as Shown)[jupyterDisplay]!()["text/plain"]!;
  assert.equal(text.split("\n").length, 42);
  assert.match(text, /… +20 more layers/);
});

Deno.test("A graph model shows its inputs, outputs and size", async () => {
  await setUpCompute({ backend: "simd", quiet: true });
  const shape = (...sizes: number[]) => ({ dim: sizes.map((size) => ({ size: String(size) })) });
  const type = { type: "DT_FLOAT" };
  const node = [
    { name: "picture", op: "Placeholder", attr: { dtype: type, shape: { shape: shape(-1, 4) } } },
    { name: "weights", op: "Const", attr: { dtype: type } },
    { name: "scores", op: "MatMul", input: ["picture", "weights"], attr: { T: type } },
  ];
  const model = await tf.loadGraphModel(tf.io.fromMemory({
    modelTopology: { node, library: {}, versions: {} },
    weightSpecs: [{ name: "weights", shape: [4, 300], dtype: "float32" }],
    weightData: new Float32Array(1200).buffer,
  }));
  const bundle = (model as unknown as Shown)[jupyterDisplay]!();
  for (const shown of [bundle["text/plain"]!, bundle["text/html"]!, Deno.inspect(model)]) {
    assert.match(shown, /GraphModel of 3 nodes/);
    assert.match(shown, /picture \(4\).*scores.*1,200/s);
  }
  model.dispose();
  assert.equal(
    Deno.inspect(new tf.GraphModel("nowhere")),
    "GraphModel, not loaded yet",
  );
});

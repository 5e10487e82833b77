import assert from "node:assert/strict";
import { evaluate } from "../../helpers/evaluate.ts";

Deno.test("Without SWEEP_QUEUE nothing of the queue is loaded, and with it only when there is work", async () => {
  const code = `import { GridSearch, Matrix, Svc } from "deep-features";
    import { createRequire } from "node:module";
    const { cache } = createRequire(import.meta.url);
    const tell = () => console.log(Object.keys(cache).some((path) => path.includes("ioredis")));
    const search = new GridSearch((p) => new Svc(p), { C: [1, 2] }, { folds: 2 });
    const fit = () => search.fit(Matrix.fromRows([[0], [1], [10], [11]]), [0, 0, 1, 1]);
    await fit();
    tell();
    Deno.env.set("SWEEP_QUEUE", "redis://127.0.0.1:1");
    tell();
    await fit().catch(() => {});
    tell();`;
  const { printed, complaint } = await evaluate(code, { SWEEP_QUEUE: "" });
  assert.deepEqual(printed.split(/\r?\n/), ["false", "false", "true"], complaint);
});

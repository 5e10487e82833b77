import assert from "node:assert/strict";
import { join } from "@std/path";

const PROJECT = join(import.meta.dirname!, "..", "..", "..");

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
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--config", join(PROJECT, "deno.json"), code],
    env: { SWEEP_QUEUE: "", NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout), errors = new TextDecoder().decode(stderr);
  assert.deepEqual(text.split(/\r?\n/).filter((line) => line), ["false", "false", "true"], errors);
});

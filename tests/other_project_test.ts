// The library from another project that links it.
import assert from "node:assert/strict";
import { join } from "@std/path";

const PROJECT = join(import.meta.dirname!, "..");

async function run(cwd: string, ...args: string[]): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: { NO_COLOR: "1" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, text: decode(stdout) + decode(stderr) };
}

Deno.test("Another project links the library, and imports a room by name or by path", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify({ links: [PROJECT] }));
    await Deno.writeTextFile(
      join(folder, "main.ts"),
      `import { Matrix } from "@deep-features/deep-features/base";
      import { Svc } from ${JSON.stringify(join(PROJECT, "lib", "svm", "mod.ts"))};
      const X = Matrix.fromRows([[0, 0], [1, 1], [0, 1], [1, 0]]);
      const svc = await new Svc({ C: 10, gamma: 2 }).fit(X, [0, 0, 1, 1]);
      console.log("predicted", (await svc.predict(X)).join());`,
    );
    const { code, text } = await run(folder, "run", "--allow-all", "--check", "main.ts");
    assert.equal(code, 0, text);
    assert.match(text, /^predicted 0,0,1,1$/m);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

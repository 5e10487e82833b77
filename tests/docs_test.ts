// What the library promises of its documentation: every public function and class says what it does, and
// shows it in an example that runs (`deno test --doc`) and asserts something.
import assert from "node:assert/strict";
import { join } from "@std/path";

interface Declaration {
  readonly kind: string;
  readonly def?: { readonly hasBody?: boolean };
  readonly jsDoc?: { readonly doc?: string; readonly tags?: { kind: string; doc?: string }[] };
}
interface Documentation {
  readonly nodes: Record<string, { symbols: { name: string; declarations: Declaration[] }[] }>;
}

Deno.test("Every public function and class has a docstring with an example that asserts", async () => {
  const project = join(import.meta.dirname!, "..");
  const { exports } = JSON.parse(await Deno.readTextFile(join(project, "deno.json")));
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", ...Object.values<string>(exports)],
    cwd: project,
  }).output();
  const text = new TextDecoder().decode(stdout);
  assert.ok(text, new TextDecoder().decode(stderr));
  const { nodes } = JSON.parse(text) as Documentation;
  const symbols = Object.values(nodes).flatMap((node) => node.symbols);
  const wanted = symbols.flatMap(({ name, declarations }) =>
    declarations.filter(({ kind }) => kind === "function" || kind === "class")
      // Of a function with several signatures these are public, and what stands behind them is not.
      .filter(({ kind, def }, _, all) =>
        kind === "class" || !def?.hasBody || all.every(({ def }) => def?.hasBody)
      )
      .map(({ jsDoc }) => ({ name, jsDoc }))
  );
  assert.ok(wanted.length > 50, `only ${wanted.length} functions and classes are public`);
  const lacking = wanted.filter(({ jsDoc }) => {
    const example = jsDoc?.tags?.find(({ kind }) => kind === "example")?.doc ?? "";
    return !jsDoc?.doc || !/\bassert[.(]/.test(example) || example.includes("console.assert");
  });
  assert.deepEqual(lacking.map(({ name }) => name), []);
});

// The solutions of all exercises, run behind the cells of their notebooks with the quick preset.
import assert from "node:assert/strict";
import { join } from "@std/path";
import { notebookNames, PROJECT, readNotebook, solutions } from "../helpers/notebooks.ts";

/** One for all: each network is trained once. */
const CACHE = Deno.env.get("ARTICLE_CACHE") ?? Deno.makeTempDirSync();

for (const name of notebookNames()) {
  Deno.test(`The solutions of ${name} run`, async () => {
    // Below the project, whose import map the cells need.
    const folder = join(PROJECT, "data", `solutions-${crypto.randomUUID()}`);
    await Deno.mkdir(folder, { recursive: true });
    try {
      const file = join(PROJECT, "notebooks", `${name}.ipynb`);
      const notebook = JSON.parse(await Deno.readTextFile(file));
      const own = readNotebook(name).filter(({ kind }) => kind === "code").map(({ source }) =>
        source
      );
      notebook.cells = [...own, ...solutions(name)].map((source, i) => ({
        cell_type: "code",
        id: `c${i}`,
        metadata: {},
        execution_count: null,
        outputs: [],
        source: source.replaceAll('"../data/', `"${folder}/`),
      }));
      await Deno.writeTextFile(join(folder, "solved.ipynb"), JSON.stringify(notebook));
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["task", "report", join(folder, "solved.ipynb"), "--out", join(folder, "out")],
        cwd: PROJECT,
        env: {
          PRESET: "quick",
          CIFAR10_OFFLINE: "1",
          ARTICLE_CACHE: CACHE,
          NO_COLOR: "1",
        },
      }).output();
      const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assert.equal(code, 0, text.slice(-2000));
      assert.match(text, /1 of 1 notebooks ran to their end/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

import assert from "node:assert/strict";
import { join } from "@std/path";
import { parseHTML } from "linkedom";
import { readMetrics } from "../../../lib/report/metrics.ts";
import { withNotebooks } from "../../report/notebooks.ts";

const PROJECT = join(import.meta.dirname!, "../../..");

async function report(...args: string[]): Promise<{ code: number }> {
  return await new Deno.Command(Deno.execPath(), {
    args: ["run", "-P=report", join(PROJECT, "lib/report/main.ts"), ...args],
    cwd: PROJECT,
    stdin: "null",
  }).output();
}

Deno.test("report says where a page comes from, beside it for programs, too, and not in the notebook", async () => {
  const cells = [
    "# Mine",
    `import { readPreset, showTable } from "deep-features";
     readPreset("quick");
     showTable([{ name: "a", rows: 1200 }, { name: "b", rows: 0.5 }], { caption: "Rows" })`,
  ];
  await withNotebooks({ "a.ipynb": cells }, async (folder) => {
    const out = join(folder, "out"), path = join(folder, "a.ipynb");
    assert.equal((await report("--save", "--out", out, path)).code, 0);
    const { provenance, tables, title } = await readMetrics(join(out, "a.metrics.json"));
    assert.equal(title, "Mine");
    assert.deepEqual(tables, [
      { caption: "Rows", columns: ["name", "rows"], rows: [["a", 1200], ["b", 0.5]] },
    ]);
    // What the notebook read, whatever the environment says.
    assert.deepEqual([provenance.preset, provenance.seeds], [["quick"], [0, 1]]);
    assert.equal(provenance.threads, undefined, "no kernel ran");
    assert.ok(provenance.wasRun && provenance.seconds! > 0);
    assert.equal(provenance.deno, Deno.version.deno);
    assert.ok(Math.abs(Date.parse(provenance.date) - Date.now()) < 60_000);
    if (Deno.build.os === "linux") {
      assert.ok(provenance.peakBytes! > 2 ** 24 && provenance.peakBytes! < 2 ** 34);
    }
    assert.deepEqual([provenance.commit, provenance.isChanged], await ownCommit());
    const html = await Deno.readTextFile(join(out, "a.html")), { document } = parseHTML(html);
    const shown = document.querySelector("footer .provenance")!;
    assert.match(shown.textContent, /Preset: quickSeeds: 0, 1/);
    // All else is the same to the byte, but for the time that it took.
    assert.equal((await report("--out", out, path)).code, 0);
    const again = parseHTML(await Deno.readTextFile(join(out, "a.html"))).document;
    for (const page of [document, again]) {
      page.querySelector("footer .provenance")!.remove();
      page.querySelector("meta[name=report]")!.remove();
      for (const time of page.querySelectorAll(".time")) time.remove();
    }
    assert.equal(again.toString(), document.toString());
    assert.ok(!(await Deno.readTextFile(path)).includes(provenance.date.slice(0, 10)));
  }, PROJECT);
});

/** The project's commit, and whether it was changed, as Git itself tells. */
async function ownCommit(): Promise<[string | undefined, boolean | undefined]> {
  const git = async (...args: string[]) => {
    const { success, stdout } = await new Deno.Command("git", { args, cwd: PROJECT }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  };
  const commit = await git("rev-parse", "HEAD").catch(() => undefined);
  return commit === undefined ? [undefined, undefined] : [commit, await git("status", "-s") !== ""];
}

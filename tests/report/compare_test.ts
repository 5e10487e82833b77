import assert from "node:assert/strict";
import { join } from "@std/path";
import { compareMetrics, formatComparison } from "../../lib/report/compare.ts";
import type { Figure, FigureTable, Metrics } from "../../lib/report/metrics.ts";

const PROJECT = join(import.meta.dirname!, "../..");

function metrics(tables: FigureTable[], facts: Partial<Metrics["provenance"]> = {}): Metrics {
  const provenance = { wasRun: true, date: "2026-11-25T00:00:00Z", deno: "2.9.6", notices: [] };
  return { format: 1, title: "T", provenance: { ...provenance, ...facts }, tables };
}

function table(caption: string, columns: string[], ...rows: Figure[][]): FigureTable {
  return { caption, columns, rows };
}

/** The rows that differ between two tables. */
function differences(columns: string[], a: Figure[][], b: Figure[][], columnsB = columns) {
  const { tables, compared, different } = compareMetrics(
    metrics([table("T", columns, ...a)]),
    metrics([table("T", columnsB, ...b)]),
  );
  return { rows: tables[0]?.rows ?? [], compared, different };
}

Deno.test("compareMetrics() pairs rows by their names, in whatever order they stand", () => {
  const a = [["softmax", 0.69, 5], ["SVM", 0.71, 5]],
    b = [["SVM", 0.7314, 5], ["softmax", 0.69, 5]];
  assert.deepEqual(differences(["name", "accuracy", "seeds"], a, b), {
    rows: [["SVM, accuracy", "0.71", "0.7314 (+0.0214)"]],
    compared: 4,
    different: 1,
  });
  assert.deepEqual(differences(["name", "accuracy", "seeds"], a, a).rows, []);
});

Deno.test("compareMetrics() names rows by as many columns as tell them apart", () => {
  const a = [[1, 0.1, 0.6], [1, 0.2, 0.7]], b = [[1, 0.2, 0.65], [1, 0.1, 0.6]];
  assert.deepEqual(differences(["C", "gamma", "mean"], a, b).rows, [
    ["1, 0.2, mean", "0.7", "0.65 (−0.05)"],
  ]);
});

Deno.test("compareMetrics() never pairs rows of different names, and tells those that one lacks", () => {
  const a = [["softmax", 0.69], ["SVM", 0.71]], b = [["forest", 0.6], ["SVM", 0.71]];
  assert.deepEqual(differences(["name", "accuracy"], a, b), {
    rows: [["softmax", "there", undefined], ["forest", undefined, "there"]],
    compared: 1,
    different: 0,
  });
});

Deno.test("compareMetrics() pairs rows of nothing but numbers by their places", () => {
  const { rows } = differences(["loss", "accuracy"], [[1.5, 0.4], [1, 0.5]], [[1.4, 0.4]]);
  assert.deepEqual(rows, [
    ["row 1, loss", "1.5", "1.4 (−0.1)"],
    ["row 2", "there", undefined],
  ]);
});

Deno.test("compareMetrics() tells columns and tables that one lacks, and equal captions apart", () => {
  const { rows, compared } = differences(["n", "x"], [["a", 1]], [["a", 2]], ["n", "y"]);
  assert.deepEqual(rows, [["column x", "there", undefined], ["column y", undefined, "there"]]);
  assert.equal(compared, 0);
  const one = table("T", ["n", "x"], ["a", 1]), two = table("T", ["n", "x"], ["a", 2]);
  const { tables } = compareMetrics(metrics([one, one]), metrics([one, two, table("U", ["n"])]));
  assert.deepEqual(tables, [
    { caption: "T (2)", rows: [["a, x", "1", "2 (+1)"]] },
    { caption: "U", rows: [["(the table)", undefined, "0 rows"]] },
  ]);
});

Deno.test("formatComparison() sets both side by side, with where they come from", () => {
  const a = metrics([table("T", ["n", "x"], ["a", 1])], { preset: ["quick"] });
  const notices = ["It is told at length of which kind these images are"];
  const facts = { commit: "abc", isChanged: false, notices };
  const b = metrics([table("T", ["n", "x"], ["a", "one"])], facts);
  assert.equal(
    formatComparison(compareMetrics(a, b)),
    [
      "Where they come from",
      "  Preset  quick       –",
      "  Deno    2.9.6       2.9.6",
      "  Date    2026-11-25  2026-11-25",
      "  Notices",
      "    A  –",
      "    B  It is told at length of which kind these images are",
      "  Commit  –           abc",
      "",
      "T",
      "  a, x  1  one",
      "",
      "1 of 1 figures that stand in both differ",
    ].join("\n"),
  );
});

Deno.test("deno task compare takes folders and files, and refuses what is none", async () => {
  const folder = await Deno.makeTempDir();
  const compare = async (...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-P=compare", join(PROJECT, "lib/report/compare_command.ts"), ...args],
      cwd: PROJECT,
      env: { NO_COLOR: "1", INIT_CWD: folder },
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, out: text(stdout), err: text(stderr) };
  };
  const write = async (path: string, x: number) => {
    await Deno.mkdir(join(folder, path, ".."), { recursive: true });
    await Deno.writeTextFile(
      join(folder, path),
      JSON.stringify(metrics([table("T", ["n", "x"], ["a", x])])),
    );
  };
  try {
    await write("one/04.metrics.json", 1);
    await write("one/05.metrics.json", 1);
    await write("two/04.metrics.json", 3);
    const folders = await compare("one", "two");
    assert.equal(folders.code, 0, folders.err);
    assert.match(folders.out, /━━ 04\n[^]*a, x +1 +3 \(\+2\)[^]*━━ 05: only the first has it/);
    const files = await compare("one/05.metrics.json", "two/04.metrics.json");
    assert.match(files.out, /━━ 05 \| 04\n[^]*a, x +1 +3 \(\+2\)/);
    await Deno.mkdir(join(folder, "empty"));
    await Deno.writeTextFile(join(folder, "bad.json"), "{}");
    for (
      const [args, message] of [
        [["one"], /Two runs are compared, got 1/],
        [["one", "three"], /Cannot find three/],
        [["one", "empty"], /No \.metrics\.json is in empty/],
        [["bad.json", "bad.json"], /bad\.json holds no metrics of a report/],
      ] as const
    ) {
      const { code, err } = await compare(...args);
      assert.equal(code, 2);
      assert.match(err, message);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

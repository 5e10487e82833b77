import assert from "node:assert/strict";
import { join } from "@std/path";
import { parseHTML } from "linkedom";
import { readMetrics } from "../../../lib/report/metrics.ts";
import { readNotebook } from "../../../lib/report/notebook.ts";
import { isRunning, notebookText, show, until, withNotebooks } from "../../report/notebooks.ts";

const PROJECT = join(import.meta.dirname!, "../../..");

function command(args: readonly string[], env: Record<string, string> = {}): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-P=report", join(PROJECT, "lib/report/main.ts"), ...args],
    cwd: PROJECT,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function report(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await command(args).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

async function readPage(path: string): Promise<Document> {
  return parseHTML(await Deno.readTextFile(path)).document;
}

Deno.test("report writes a page for each notebook and an index, and leaves notebooks as they are", async () => {
  const notice = show({
    "text/html": `<p class="notice warning" role="alert">Generated pictures</p>`,
  });
  const table = `<table><caption>Mine<thead><tr><th>class<th>f1<tbody>` +
    `<tr><td>accuracy<td class="number">0.7123</table>`;
  const notebooks = {
    "a.ipynb": ["# First\n\nThe lead.", notice, `console.log("hello")`],
    "b.ipynb": [
      "# Second\n\n[a](a.ipynb#First) [c](c.ipynb) [d](../d.md)",
      show({ "text/html": table }),
    ],
  };
  await withNotebooks(notebooks, async (folder) => {
    const out = join(folder, "out");
    const paths = ["a.ipynb", "b.ipynb"].map((name) => join(folder, name));
    const before = await Promise.all(paths.map((path) => Deno.readTextFile(path)));
    const run = await report("--out", out, ...paths);
    assert.equal(run.code, 0, run.err);
    assert.match(
      run.out,
      /━━ a \(1 of 2\)\n {2}\[1\/2\] .*\n {2}\[2\/2\] console\.log\("hello"\)\nhello\n/,
    );
    assert.match(
      run.out,
      /Where the time went: .* in all\n +\S+ s +\d+ % {2}a\n +\S+ s +\d+ % {2}b\n/,
    );
    assert.match(
      run.out,
      /slowest cells:\n[\s\S]* s +\d+ % {2}a \[2\] {2}console\.log\("hello"\)\n/,
    );
    assert.match(run.out, /!! Generated pictures/);
    const after = await Promise.all(paths.map((path) => Deno.readTextFile(path)));
    assert.deepEqual(after, before);
    const page = await readPage(join(out, "a.html"));
    assert.equal(page.querySelector("pre.stdout")!.textContent, "hello");
    const turn = page.querySelector("footer .turn a")!;
    assert.deepEqual([turn.getAttribute("href"), turn.textContent], ["./b.html", "Second →"]);
    // Beside it lies the notebook with what the page shows, under a name that is not the reader's own.
    const copy = page.querySelector("header a[download]")!.getAttribute("href")!;
    assert.equal(copy, "./a.report.ipynb");
    const shown = await readNotebook(join(out, copy));
    assert.deepEqual(shown.cells[2]!.outputs, [
      { output_type: "stream", name: "stdout", text: ["hello\n"] },
    ]);
    // Links lead to the pages that are there; what has none is told by its path.
    const links = (await readPage(join(out, "b.html"))).querySelector("main p")!;
    assert.equal(links.textContent, "a c (c.ipynb) d (../d.md)");
    assert.deepEqual(
      [...links.querySelectorAll("a")].map((link) => link.getAttribute("href")),
      ["a.html#First"],
    );
    const index = await readPage(join(out, "index.html"));
    const titles = [...index.querySelectorAll(".cards a")].map((link) => link.textContent);
    assert.deepEqual(titles, ["First", "Second"]);
    assert.equal(index.querySelector('[role="alert"]')!.textContent, "Generated pictures");
    // A later run of one notebook keeps the other's place in the index.
    assert.equal((await report("--out", out, paths[1]!)).code, 0);
    const again = await readPage(join(out, "index.html"));
    assert.equal(again.querySelectorAll(".cards a").length, 2);
    for (const page of [index, again]) {
      const figures = [...page.querySelectorAll(".cards .figures li")].map((item) =>
        item.textContent
      );
      assert.deepEqual(figures, ["Mine: accuracy 0.7123"]);
      const day = new Date().toISOString().slice(0, 10);
      const days = [...page.querySelectorAll(".cards time")].map((time) => time.textContent);
      assert.deepEqual(days, [day, day]);
    }
  });
});

Deno.test("report fails at a cell that throws, names it, and runs nothing after it", async () => {
  const notebooks = {
    "a.ipynb": ["# A", "1", `throw new RangeError("seven is too many")`, "2"],
    "b.ipynb": [`Deno.writeTextFileSync("ran", "")`],
  };
  await withNotebooks(notebooks, async (folder) => {
    const out = join(folder, "out");
    const path = join(folder, "a.ipynb"), before = await Deno.readTextFile(path);
    const run = await report("--save", "--out", out, path, join(folder, "b.ipynb"));
    assert.equal(run.code, 1);
    assert.match(run.err, /a, cell 2 threw an error:\n\nthrow new RangeError/);
    assert.match(run.err, /RangeError: seven is too many/);
    assert.match(run.out, /0 of 2 notebooks ran to their end/);
    assert.equal(await Deno.readTextFile(path), before);
    await assert.rejects(Deno.stat(join(folder, "ran")));
    const page = await readPage(join(out, "a.html"));
    assert.match(page.querySelector("pre.error")!.textContent, /seven is too many/);
    assert.match(page.querySelector('main [role="alert"]')!.textContent, /Cell 2 did not run/);
    const index = await readPage(join(out, "index.html"));
    assert.match(index.querySelector(".failed")!.textContent, /Cell 2/);
  });
});

Deno.test("report --save stores outputs as Jupyter does, the same from run to run", async () => {
  const cells = [
    "# Title",
    `console.log("one\\ntwo"); console.log(Deno.env.get("OF_TEST"))`,
    show({ "text/plain": "x", "application/vnd.deep-features.frame+html": "<p>small</p>" }),
    show({ "text/plain": "y" }).replace(
      `"y"`,
      `"y", "application/vnd.deep-features.frame+html": "z".repeat(300_000)`,
    ),
    `"${PROJECT}/data/x.bin file://${PROJECT}/lib/mod.ts"`,
  ];
  await withNotebooks({ "a.ipynb": cells }, async (folder) => {
    const path = join(folder, "a.ipynb"), out = join(folder, "out");
    assert.equal((await report("--save", "--out", out, path)).code, 0);
    const text = await Deno.readTextFile(path);
    const saved = JSON.parse(text);
    assert.ok(text.endsWith("}\n"));
    assert.ok(
      text.startsWith('{\n "cells": [\n  {\n   "cell_type": "markdown",\n   "id": "m0",\n'),
    );
    const [, first, small, large, paths] = saved.cells;
    assert.deepEqual(
      saved.cells.slice(1).map((cell: { execution_count: number }) => cell.execution_count),
      [1, 2, 3, 4],
    );
    assert.deepEqual(Object.keys(first), [...Object.keys(first)].sort());
    assert.deepEqual(first.outputs[0].text, ["one\n", "two\n", "undefined\n"]);
    assert.deepEqual(Object.keys(small.outputs[0].data), [
      "application/vnd.deep-features.frame+html",
      "text/plain",
    ]);
    // A large interactive page is in the report only.
    assert.deepEqual(Object.keys(large.outputs[0].data), ["text/plain"]);
    // Neither is one that this library made, so neither runs.
    const page = await readPage(join(out, "a.html"));
    assert.equal(page.querySelectorAll("iframe").length, 0);
    assert.equal(page.body.textContent.match(/did not make is left out/g)!.length, 2);
    assert.match(paths.outputs[0].data["text/plain"].join(""), /data\/x\.bin lib\/mod\.ts/);
    // The code of the cell is the author's, its outputs are not.
    assert.ok(!JSON.stringify(saved.cells[4].outputs).includes(PROJECT));
    assert.equal((await report("--save", "--out", out, path)).code, 0);
    assert.equal(await Deno.readTextFile(path), text);
  });
});

for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(`report leaves no kernel behind on ${signal}`, async () => {
    const cell = `Deno.writeTextFileSync("pid", String(Deno.pid)); while (true);`;
    await withNotebooks({ "a.ipynb": [cell] }, async (folder) => {
      const child = command(["--out", join(folder, "out"), join(folder, "a.ipynb")]).spawn();
      const output = child.output();
      const read = () => Deno.readTextFile(join(folder, "pid")).catch(() => "");
      await until(async () => await read() !== "", "the cell runs");
      const kernel = Number(await read());
      assert.ok(await isRunning(kernel));
      child.kill(signal);
      assert.equal((await output).code, code);
      await until(async () => !await isRunning(kernel), "the kernel has ended");
    });
  });
}

Deno.test("report that is killed leaves no kernel behind, whenever it happens", async () => {
  const kernels = async () => {
    const ps = new Deno.Command("ps", { args: ["-A", "-ww", "-o", "args="] });
    return new TextDecoder().decode((await ps.output()).stdout).split("\n")
      .filter((line) => line.includes(mark));
  };
  const mark = `report-kill-${crypto.randomUUID()}`;
  const cell = `Deno.writeTextFileSync("busy", ""); while (true);`;
  await withNotebooks({ "a.ipynb": [cell] }, async (folder) => {
    // Its kernels' folders are in this one, by which they can be told from others.
    const temporary = join(folder, mark);
    await Deno.mkdir(temporary);
    for (const wait of [150, 400, 1000, undefined]) {
      await Deno.remove(join(folder, "busy")).catch(() => {});
      const child = command(["--out", join(folder, "out"), join(folder, "a.ipynb")], {
        TMPDIR: temporary,
        TEMP: temporary,
        TMP: temporary,
      }).spawn();
      const output = child.output();
      if (wait === undefined) {
        const isBusy = () => Deno.stat(join(folder, "busy")).then(() => true, () => false);
        await until(isBusy, "the cell runs");
        if (Deno.build.os !== "windows") assert.notDeepEqual(await kernels(), []);
      } else await new Promise((resolve) => setTimeout(resolve, wait));
      child.kill("SIGKILL");
      await output;
      await until(async () => (await kernels()).length === 0, "the kernel has ended");
      await until(
        async () => (await Array.fromAsync(Deno.readDir(temporary))).length === 0,
        "its folder is gone",
      );
    }
  });
});

Deno.test("report removes the folder of a kernel that was left behind, and no other", async () => {
  await withNotebooks({ "a.ipynb": ["1"] }, async (folder) => {
    const temporary = join(folder, "temporary");
    const left = join(temporary, "deep-features-kernel-left");
    const held = join(temporary, "deep-features-kernel-held");
    for (const name of [left, held, join(temporary, "other")]) {
      await Deno.mkdir(name, { recursive: true });
      await Deno.writeTextFile(join(name, "lock"), "");
      const minuteAgo = new Date(Date.now() - 60_000);
      await Deno.utime(name, minuteAgo, minuteAgo);
    }
    using lock = await Deno.open(join(held, "lock"), { write: true });
    await lock.lock(true);
    const env = { TMPDIR: temporary, TEMP: temporary, TMP: temporary };
    const { code } = await command(["--out", join(folder, "out"), join(folder, "a.ipynb")], env)
      .output();
    assert.equal(code, 0);
    const names = (await Array.fromAsync(Deno.readDir(temporary))).map(({ name }) => name).sort();
    assert.deepEqual(names, ["deep-features-kernel-held", "other"]);
  });
});

Deno.test("report --no-run renders the outputs that a notebook of any kernel holds", async () => {
  await withNotebooks({}, async (folder) => {
    const notebook = JSON.parse(notebookText(["# Mine", "print(1)", "1/0"], {
      kernelspec: { name: "python3" },
    }));
    notebook.cells[1].outputs = [{ output_type: "stream", name: "stdout", text: ["stored\n"] }];
    notebook.cells[2].outputs = [
      { output_type: "error", ename: "ZeroDivisionError", evalue: "no", traceback: ["no"] },
    ];
    const path = join(folder, "own.ipynb"), text = JSON.stringify(notebook);
    await Deno.writeTextFile(path, text);
    const out = join(folder, "out");
    // Paths are those of the folder in which the command was given.
    const { code, stdout } = await command(["--no-run", "--out", "out", "own.ipynb"], {
      INIT_CWD: folder,
    }).output();
    assert.equal(code, 0);
    assert.match(new TextDecoder().decode(stdout), /1 of 1 notebooks rendered/);
    const page = await readPage(join(out, "own.html"));
    assert.equal(page.querySelector("h1")!.textContent, "Mine");
    assert.equal(page.querySelector("pre.stdout")!.textContent, "stored");
    assert.match(page.querySelector('main [role="alert"]')!.textContent, /Cell 2/);
    assert.equal(await Deno.readTextFile(path), text);
    const index = await readPage(join(out, "index.html"));
    assert.equal(index.querySelectorAll(".cards a").length, 1);
    // In the notebook's own folder the report leads to the notebook itself, and writes no other.
    assert.equal((await report("--no-run", "--out", folder, path)).code, 0);
    const beside = await readPage(join(folder, "own.html"));
    assert.equal(beside.querySelector("header a[download]")!.getAttribute("href"), "./own.ipynb");
    assert.equal(await Deno.readTextFile(path), text);
    const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
    assert.deepEqual(names, [
      "index.html",
      "out",
      "own.html",
      "own.ipynb",
      "own.metrics.json",
    ]);
    // What was not made now is told to be so, and no commit or machine is claimed for it.
    const { provenance } = await readMetrics(join(out, "own.metrics.json"));
    assert.deepEqual(Object.keys(provenance), ["wasRun", "date", "deno", "failedCell", "notices"]);
    assert.equal(provenance.wasRun, false);
    assert.match(page.querySelector(".provenance")!.textContent, /^Run: not run now/);
  });
});

Deno.test("report writes what it can, whatever the outputs and the pages beside it are", async () => {
  const cells = [
    "# Odd",
    show({ "text/html": 5 }),
    `await Deno.jupyter.broadcast("stream", { name: "stdout" }); "sent"`,
    `await Deno.jupyter.broadcast("display_data", { data: null }); "sent, too"`,
    show({ "text/markdown": ">".repeat(5000) }),
    `console.log("the end")`,
  ];
  await withNotebooks({ "a.ipynb": cells }, async (folder) => {
    const out = join(folder, "out");
    await Deno.mkdir(out);
    await Deno.writeTextFile(join(out, "damaged.html"), `<meta name="report" content="{&quot;">`);
    const run = await report("--save", "--out", out, join(folder, "a.ipynb"));
    assert.equal(run.code, 0, run.err);
    assert.match(run.out, /Where the time went/);
    const page = await readPage(join(out, "a.html"));
    const text = page.querySelector("main")!.textContent;
    for (const part of ["sent", "sent, too", "the end", "without text"]) {
      assert.ok(text.includes(part), part);
    }
    const index = await readPage(join(out, "index.html"));
    assert.equal(index.querySelectorAll(".cards a")[0]!.textContent, "Odd");
  });
});

Deno.test("report --pdf without a browser says so before it runs anything", async () => {
  await withNotebooks({ "a.ipynb": [`Deno.writeTextFileSync("ran", "")`] }, async (folder) => {
    const browser = join(folder, "no_such_browser");
    const { code, stderr } = await command(
      ["--pdf", "--out", join(folder, "out"), join(folder, "a.ipynb")],
      { CHROMIUM: browser },
    ).output();
    assert.equal(code, 2);
    const message = new TextDecoder().decode(stderr);
    assert.ok(message.includes(`CHROMIUM names ${browser}, which does not start`), message);
    await assert.rejects(Deno.stat(join(folder, "ran")));
  });
});

Deno.test("report rejects what it cannot run before it runs anything", async () => {
  await withNotebooks({ "a.ipynb": [`Deno.writeTextFileSync("ran", "")`] }, async (folder) => {
    await Deno.writeTextFile(join(folder, "bad.ipynb"), "not a notebook");
    const python = { kernelspec: { name: "python3", display_name: "Python 3" } };
    await Deno.writeTextFile(join(folder, "python.ipynb"), notebookText(["1"], python));
    await Deno.writeTextFile(join(folder, "index.ipynb"), notebookText(["1"]));
    await Deno.mkdir(join(folder, "other"));
    await Deno.writeTextFile(join(folder, "other/a.ipynb"), notebookText(["1"]));
    const good = join(folder, "a.ipynb");
    for (
      const [args, message] of [
        [[good, join(folder, "bad.ipynb")], /is not a notebook: it is not JSON/],
        [[good, "no_such_notebook"], /Cannot find the notebook no_such_notebook/],
        [[good, "--no-such-option"], /no-such-option/],
        [[good, join(folder, "python.ipynb")], /kernel “python3” \(Python 3\)/],
        [[good, "--cell-timeout", "soon"], /--cell-timeout .* got soon/],
        [[good, "--save", "--no-run"], /--save/],
        [[good, join(folder, "index.ipynb")], /index\.html/],
        [[good, join(folder, "other/a.ipynb")], /Cannot write a\.html for both/],
      ] as const
    ) {
      const run = await report("--out", join(folder, "out"), ...args);
      assert.equal(run.code, 2);
      assert.match(run.err, message);
    }
    await assert.rejects(Deno.stat(join(folder, "ran")));
  });
});

Deno.test({
  name: "continuous integration fails when a cell throws, and passes when none does",
  ignore: Deno.build.os === "windows",
  async fn() {
    await withNotebooks({ "good.ipynb": ["1"], "bad.ipynb": ["null.x"] }, async (folder) => {
      const run = async (name: string) => {
        const { code, stdout } = await new Deno.Command(join(PROJECT, ".ci/run"), {
          args: ["--notebooks", join(folder, name)],
        }).output();
        return { code, last: new TextDecoder().decode(stdout).trim().split("\n").at(-1) };
      };
      assert.deepEqual(await run("good.ipynb"), { code: 0, last: "1 passed, 0 failed" });
      assert.deepEqual(await run("bad.ipynb"), { code: 1, last: "0 passed, 1 failed" });
    });
  },
});

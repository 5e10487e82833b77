import assert from "node:assert/strict";
import { join } from "@std/path";
import { encode } from "fast-png";
import { loadImageCsv } from "deep-features/dataset";

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(folder, "pictures"));
    for (const gray of [1, 2, 3]) {
      const data = new Uint8Array(16 * 16 * 3).fill(gray);
      const png = encode({ width: 16, height: 16, channels: 3, data });
      await Deno.writeFile(join(folder, "pictures", `${gray}, a.png`), png);
    }
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function load(folder: string, table: string, options = {}) {
  const path = join(folder, "table.csv");
  await Deno.writeTextFile(path, table);
  return await loadImageCsv(path, { size: [4, 4], ...options });
}

Deno.test("loadImageCsv reads paths and labels, in the table's order", async () => {
  await inFolder(async (folder) => {
    const table =
      '\ufeffid,label,path\r\n7,dog,"pictures/3, a.png"\r\n8,cat,"pictures/1, a.png"\r\n\r\n';
    const { images, classNames, files } = await load(folder, table);
    assert.deepEqual(images.shape, [2, 4, 4, 3]);
    assert.deepEqual([images.images[0], images.images[48]], [3, 1]);
    assert.deepEqual(classNames, ["cat", "dog"]);
    assert.deepEqual([...images.labels], [1, 0]);
    assert.deepEqual(files, ["3, a.png", "1, a.png"].map((f) => join(folder, "pictures", f)));
    const other = 'file;class\n"1, a.png";10\n"2, a.png";9\n"3, a.png";100\n';
    const options = { pathColumn: "file", labelColumn: "class", folder: join(folder, "pictures") };
    const numbers = await load(folder, other, options);
    assert.deepEqual(numbers.classNames, ["9", "10", "100"]);
    assert.deepEqual([...numbers.images.labels], [1, 0, 2]);
    const named = await load(folder, other, { ...options, classNames: ["100", "10", "9"] });
    assert.deepEqual([...named.images.labels], [1, 2, 0]);
  });
});

Deno.test("loadImageCsv says what is wrong, and where", async () => {
  await inFolder(async (folder) => {
    const good = '"pictures/1, a.png",a\n"pictures/2, a.png",b\n';
    const cases: [string, object, RegExp][] = [
      ["", {}, /holds no images/],
      ["path,label\n", {}, /holds no images/],
      [`Path,label\n${good}`, {}, /has no column "path": did you mean "Path"/],
      [`path,label\n${good},c\n`, {}, /line 4: column "path" is empty/],
      [`path,label\n${good}x.png,\n`, {}, /line 4: column "label" is empty/],
      [`path,label\n"x`, {}, /is no CSV/],
      [`path,label\n${good}x.png,b,c,d\n`, {}, /is no CSV/],
      [`path,label\nx.png,a\n`, {}, /has 1 classes/],
      [`path,label\n${good}`, { classNames: ["a", "c"] }, /class "b" is not among classNames/],
      [
        `path,label\n${good}x.png,b\ny.png,a\n`,
        {},
        /Cannot read 2 of 4 images[^]*x\.png: [^]*y\.png: /,
      ],
      [`path,label\n${good}`, { pathcolumn: "x" }, /did you mean "pathColumn"/],
    ];
    for (const [table, options, message] of cases) {
      await assert.rejects(load(folder, table, options), message);
    }
    const table = `path,label\n${good}x.png,b\n`;
    const { images, skipped } = await load(folder, table, { onError: "skip" });
    assert.deepEqual([...images.labels], [0, 1]);
    assert.deepEqual(skipped.map(({ file }) => file), [join(folder, "x.png")]);
  });
});

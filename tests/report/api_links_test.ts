// The pages of the API: which there are, and which names in code lead to them.
import assert from "node:assert/strict";
import { join } from "@std/path";
import { parseHTML } from "linkedom";
import { apiIndex, apiPages } from "../../lib/report/api_pages.ts";
import { importedNames, linkNames } from "../../lib/report/engine/link_names.ts";
import { highlight } from "../../lib/report/markdown.ts";
import { renderIndex, renderPage } from "../../lib/report/render_page.ts";
import { notebookText } from "./notebooks.ts";

const CODE = `import * as tf from "@tensorflow/tfjs";
import {
  Svc, type SvcOptions, // Umap
  accuracyScore as score, shuffle,
} from "deep-features";
import { other } from "elsewhere";
import { KNeighborsClassifier } from "@deep-features/deep-features/classifiers";
const { nearestNeighbors, sum: total } = await import("deep-features/neighbors");`;

Deno.test("importedNames() reads what code takes from the library, and from which room", () => {
  assert.deepEqual(Object.fromEntries(importedNames([CODE, "1", 'import "deep-features";'])), {
    Svc: { name: "Svc", room: "" },
    SvcOptions: { name: "SvcOptions", room: "" },
    score: { name: "accuracyScore", room: "" },
    shuffle: { name: "shuffle", room: "" },
    KNeighborsClassifier: { name: "KNeighborsClassifier", room: "classifiers" },
    nearestNeighbors: { name: "nearestNeighbors", room: "neighbors" },
    total: { name: "sum", room: "neighbors" },
  });
});

Deno.test("linkNames() links names, but no members, keys, strings or comments, and changes no text", () => {
  const code = [
    "new Svc({ Svc: 1, a: Svc })",
    "x.Svc; x\n  .Svc(1 < 2 && 3); f(...Svc)",
    '"Svc"; // Svc',
    "`Svc ${Svc.load(`${1} Svc`)}`; /Svc/; mySvc; Svc2; this.#Svc",
  ].join("\n");
  const html = linkNames(
    highlight(code, "typescript"),
    (name) => name === "Svc" ? "api/~/Svc.html" : undefined,
  );
  const { document } = parseHTML(`<pre>${html}</pre>`);
  const pre = document.querySelector("pre")!;
  assert.equal(pre.textContent, code);
  const links = [...pre.querySelectorAll("a")];
  assert.deepEqual(links.map((link) => link.textContent), ["Svc", "Svc", "Svc", "Svc"]);
  assert.ok(links.every((link) => link.getAttribute("href") === "./api/~/Svc.html"));
  for (const link of links) link.replaceWith("HERE");
  assert.equal(
    pre.textContent,
    [
      "new HERE({ Svc: 1, a: HERE })",
      "x.Svc; x\n  .Svc(1 < 2 && 3); f(...HERE)",
      '"Svc"; // Svc',
      "`Svc ${HERE.load(`${1} Svc`)}`; /Svc/; mySvc; Svc2; this.#Svc",
    ].join("\n"),
  );
});

Deno.test("Reports lead to the pages of the API that are there, and to no others", async () => {
  const folder = await Deno.makeTempDir();
  const run = { cellSeconds: [], footer: "" };
  try {
    assert.equal(apiIndex(folder), undefined);
    assert.equal(apiPages(folder)("Svc", ""), undefined);
    for (const path of ["~/Svc.html", "neighbors/~/sum.html", "index.html"]) {
      await Deno.mkdir(join(folder, "api", path, ".."), { recursive: true });
      await Deno.writeTextFile(join(folder, "api", path), "");
    }
    const findApi = apiPages(folder);
    assert.equal(findApi("Svc", ""), "api/~/Svc.html");
    assert.equal(findApi("svc", ""), undefined);
    assert.equal(findApi("Svc", "neighbors"), undefined);
    const notebook = JSON.parse(notebookText([CODE, "new Svc(); shuffle(); total()"]));
    const index = apiIndex(folder)!;
    const { html, summary } = renderPage(notebook, { ...run, findApi, apiIndex: index });
    const places = (page: string) =>
      [...parseHTML(page).document.querySelectorAll("a")].map((link) => link.getAttribute("href"))
        .filter((place) => place!.includes("api"));
    assert.deepEqual(
      places(html),
      [
        "./api/index.html",
        "./api/~/Svc.html",
        "./api/neighbors/~/sum.html",
        "./api/~/Svc.html",
        "./api/neighbors/~/sum.html",
      ],
    );
    assert.deepEqual(places(renderPage(notebook, run).html), []);
    const listed = [{ summary, file: "a.html" }];
    assert.deepEqual(places(renderIndex(listed, "", index)), ["./api/index.html"]);
    assert.deepEqual(places(renderIndex(listed, "")), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

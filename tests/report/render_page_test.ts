import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { parseHTML } from "linkedom";
import { interactiveMap, Matrix } from "deep-features";
import { jupyterDisplay } from "../../lib/base/display.ts";
import { FRAME_SHA256 } from "../../lib/notebook/frame_type.ts";
import { frameParts, ownFrame } from "../../lib/report/engine/frames.ts";
import { attribute, elementsOf, parse, textOf } from "../../lib/report/engine/html_tree.ts";
import type { Notebook, Output } from "../../lib/report/notebook.ts";
import {
  FRAME_TYPE,
  notebookTitle,
  readSummary,
  renderIndex,
  renderPage,
  type RunFacts,
} from "../../lib/report/render_page.ts";
import { HOSTILE, MARKUP } from "./hostile.ts";
import { notebookText } from "./notebooks.ts";

const RUN: RunFacts = { seconds: 3, cellSeconds: [], footer: "Made here" };

function render(cells: readonly string[], outputs: Output[] = []) {
  const notebook: Notebook = JSON.parse(notebookText(cells));
  const code = notebook.cells.find((cell) => cell.cell_type === "code");
  if (code) code.outputs = outputs;
  const page = renderPage(notebook, RUN);
  return { ...page, document: parseHTML(page.html).document };
}

function shown(data: Record<string, unknown>): Output {
  return { output_type: "display_data", data, metadata: {} };
}

/** The elements of a page, those of the page's own head apart. */
function assertHarmless(html: string, context: string): void {
  const page = parse(html);
  const elements = [...elementsOf(page)];
  const count = (name: string) => elements.filter(({ tagName }) => tagName === name).length;
  // The page's own script stands in the head; nothing else may run, load or lead anywhere by itself.
  for (const name of ["script", "style", "base", "title"]) {
    assert.equal(count(name), name === "base" ? 0 : 1, `${context}: ${name}`);
  }
  // One SVG is the page's own: the filter by which drawings become dark.
  assert.equal(elements.filter(({ tagName }) => tagName === "svg").length, 1, context);
  assert.equal(textOf(elements.find(({ tagName }) => tagName === "svg")!), "", context);
  const barred = "iframe form object embed link template video audio input textarea body html";
  for (const name of barred.split(" ")) {
    assert.equal(count(name), name === "body" || name === "html" ? 1 : 0, `${context}: ${name}`);
  }
  const policies = elements.filter((element) => attribute(element, "http-equiv") !== undefined);
  assert.equal(policies.length, 1, context);
  for (const { tagName, attrs } of elements) {
    for (const { name, value } of attrs) {
      assert.ok(!name.startsWith("on") && name !== "style", `${context}: ${name}=${value}`);
      if (name === "src") assert.match(value, /^data:image\//, context);
      if (tagName !== "img" && name === "href") {
        const where = new URL(value, "http://report.test/").protocol;
        assert.ok(["http:", "https:", "mailto:"].includes(where), `${context}: ${value}`);
      }
      if (name === "src" && value.startsWith("data:image/svg")) {
        const content = value.slice(value.indexOf(",") + 1);
        const isBase64 = value.startsWith("data:image/svg+xml;base64,");
        const svg = isBase64 ? atob(content) : decodeURIComponent(content);
        assert.ok(svg.startsWith("<svg"), context);
      }
    }
  }
}

Deno.test("renderPage() lets nothing of 60 hostile notebooks in", () => {
  assert.ok(Object.keys(HOSTILE).length >= 60, `${Object.keys(HOSTILE).length}`);
  for (const [name, notebook] of Object.entries(HOSTILE)) {
    const { html, frames } = renderPage(notebook, RUN);
    assertHarmless(html, name);
    assert.deepEqual(frames, [], `${name}: no foreign page to explore`);
  }
});

Deno.test("renderIndex() lets no script in through titles, leads and notices", () => {
  for (const attack of Object.values(MARKUP)) {
    const summary = {
      title: attack,
      lead: attack,
      notices: [{ text: attack, isWarning: true }],
      seconds: 1,
    };
    const file = `javascript:${attack}#?&.html`;
    const sections = [{ heading: attack, id: attack, text: attack }];
    const listed = { summary, file, sections, figures: [attack], date: attack };
    const index = renderIndex([listed], attack);
    assertHarmless(index, attack);
    const links = [...elementsOf(parse(index))].filter(({ tagName }) => tagName === "a");
    const own = links.map((link) => attribute(link, "href")!).filter((href) => href !== "#main");
    assert.deepEqual(own.map((href) => decodeURIComponent(href)), [
      `./${file}#${attack}`,
      `./${file}`,
    ]);
  }
});

Deno.test("renderPage() names its script's digest in its policy, and loads nothing", () => {
  const { document } = render(["# Title"]);
  const policy = document.querySelector("meta[http-equiv]")!.getAttribute("content")!;
  const script = document.querySelector("script")!.textContent;
  const digest = createHash("sha256").update(script).digest("base64");
  assert.match(policy, /^default-src 'none';/);
  assert.ok(policy.includes(`script-src 'sha256-${digest}'`));
  assert.ok(!policy.includes("script-src 'unsafe-inline'"));
});

Deno.test("renderPage() puts a map to explore beside the page, and opens it in place of its picture", async () => {
  const map = await interactiveMap({
    embedding: Matrix.fromRows([[0, 0], [1, 2]]),
    labels: [0, 1],
    classNames: ["cat", "dog"],
    title: "Points & <names>",
  });
  const notebook: Notebook = JSON.parse(notebookText(["1"]));
  notebook.cells[0]!.outputs = [shown(map[jupyterDisplay]())];
  const { html, frames } = renderPage(notebook, { ...RUN, name: "03 a#b" });
  assert.deepEqual(frames, [{ file: "03 a#b.frame-1.html", html: map.html }]);
  const { document } = parseHTML(html);
  const holder = document.querySelector(".frame")!;
  assert.equal(holder.getAttribute("data-title"), "Points & <names>");
  assert.equal(holder.querySelector("a")!.getAttribute("href"), "./03%20a%23b.frame-1.html");
  assert.ok(holder.querySelector("img[src^='data:image/svg+xml']"));
  const policy = document.querySelector("meta[http-equiv]")!.getAttribute("content")!;
  assert.equal(policy.match(/sha256-/g)!.length, 1, "the page's policy names its own script alone");

  const single = renderPage(notebook, { ...RUN, isSingleFile: true });
  assert.deepEqual(single.frames, []);
  const iframe = parseHTML(single.html).document.querySelector("iframe")!;
  assert.equal(iframe.getAttribute("sandbox"), "allow-scripts");
  assert.equal(iframe.getAttribute("srcdoc"), map.html);
});

Deno.test("Only pages to explore that the library made are shown: one changed byte leaves them out", async () => {
  const { html } = await interactiveMap({
    embedding: Matrix.fromRows([[0, 0]]),
    labels: [0],
    classNames: ["cat"],
    images: { images: new Uint8Array(12), labels: new Uint8Array(1), shape: [1, 2, 2, 3] },
  });
  assert.equal(
    frameParts(html)!.digest,
    FRAME_SHA256,
    "the digest in frame_type.ts is to be this one",
  );
  const changes = [
    html.replace("</head>", '<meta http-equiv="refresh" content="0"></head>'),
    html.replace("default-src 'none'", "default-src *"),
    html.replace("<main>", '<main onclick="1">'),
    html.replace(/<script>/, "<script>1;"),
    html.replace("data:image/webp;base64,", "https://example.org/"),
    html.replace('<img alt=""', '<img alt="" onerror="1"'),
    html.replace("</template>", "<script>1</script></template>"),
    html.replace("<h1>", "<h1><img src=x>"),
  ];
  for (const changed of changes) {
    assert.notEqual(changed, html);
    assert.equal(ownFrame(changed), undefined);
  }
  const data = { [FRAME_TYPE]: changes[0]!, "text/plain": "Fallback" };
  const { document } = render(["1"], [shown(data)]);
  assert.equal(document.querySelector(".frame"), null);
  assert.match(document.body.textContent, /Fallback.*did not make is left out/s);
});

Deno.test("renderPage() shows an SVG as a picture with its text, nested ones too", () => {
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" aria-label="Five &quot;cats&quot;"><svg></svg><g/></svg>`;
  for (const type of ["image/svg+xml", "text/html"]) {
    const { document } = render(["1"], [shown({ [type]: svg })]);
    const image = document.querySelector(".output img")!;
    assert.equal(image.getAttribute("alt"), 'Five "cats"');
    const url = image.getAttribute("src")!;
    assert.equal(
      decodeURIComponent(url.replace("data:image/svg+xml,", "")),
      `<svg xmlns:xlink="http://www.w3.org/1999/xlink" xmlns="http://www.w3.org/2000/svg" ` +
        `aria-label="Five &quot;cats&quot;"><svg></svg><g></g></svg>`,
    );
  }
});

Deno.test("renderPage() marks drawings, which a dark page may darken, and no photographs", () => {
  const photograph = '<image href="data:image/png;base64,AAAA"/>';
  for (const type of ["image/svg+xml", "text/html"]) {
    const points = photograph.replace("<image", '<image class="drawing"');
    const cases = [["<g/>", true], [`<g>${photograph}</g>`, false], [points, true]] as const;
    for (const [inner, expected] of cases) {
      const { document } = render(["1"], [shown({ [type]: `<svg>${inner}</svg>` })]);
      const image = document.querySelector(".output img")!;
      assert.equal(image.classList.contains("drawing"), expected, inner);
      const isStyled = image.getAttribute("src")!.includes("prefers-color-scheme");
      assert.equal(isStyled, !expected, inner);
    }
  }
});

Deno.test("renderPage() names the reports before and after by their titles", () => {
  const notebook: Notebook = JSON.parse(notebookText(["1", "# A & *b*\n\n## C"]));
  assert.equal(notebookTitle(notebook), "A & b");
  assert.equal(notebookTitle(JSON.parse(notebookText(["1"]))), undefined);
  const { document } = parseHTML(
    renderPage(notebook, { ...RUN, previous: { name: "01 #", title: "<i>One</i>" } }).html,
  );
  const links = [...document.querySelectorAll("footer .turn a")];
  assert.deepEqual(
    links.map((link) => [link.getAttribute("href"), link.textContent]),
    [["./01%20%23.html", "← <i>One</i>"]],
  );
});

Deno.test("renderPage() writes mathematics as MathML, and leaves dollars in code alone", () => {
  const { document, html } = render([
    "# Loss\n\nWith $\\gamma_1$ it is\n\n$$\\sum_{i=1}^n x_i$$\n\nand `$HOME and $x$` costs 5 $ or 6 $.",
  ]);
  assert.equal(document.querySelectorAll("math").length, 2);
  assert.equal(document.querySelector('math[display="block"] munderover mo')?.textContent, "∑");
  assert.equal(document.querySelector("p code")!.textContent, "$HOME and $x$");
  assert.ok(html.includes("costs 5 $ or 6 $."));
});

Deno.test("renderPage() has one first heading, skips no level, and lists contents", () => {
  const { document, summary } = render([
    "# A $x$ title\n\nLead.",
    "# Again",
    "#### Deep",
    "## Again",
  ]);
  const levels = [...document.querySelectorAll("main h1, h2, h3, h4")].map(({ localName }) =>
    localName
  );
  assert.deepEqual(levels, ["h1", "h2", "h3", "h2"]);
  const links = [...document.querySelectorAll("nav.contents a")].map((a) => a.getAttribute("href"));
  assert.deepEqual(links, ["#Again", "#Deep", "#Again-2"]);
  for (const link of links) assert.ok(document.getElementById(link!.slice(1)));
  assert.equal(summary.title, "A x title");
  assert.equal(summary.lead, "Lead.");
});

Deno.test("renderPage() takes colours and carriage returns out of text", () => {
  const output: Output = {
    output_type: "stream",
    name: "stdout",
    text: "\x1b[31mred\x1b[0m\n\rstep 2",
  };
  const { document } = render(["1"], [output]);
  assert.equal(document.querySelector("pre.stdout")!.textContent, "red\nstep 2");
});

Deno.test("renderPage() repeats a warning at the top, and the index repeats it once", () => {
  const notice =
    `<p class="notice warning" role="alert"><strong>Not <em>CIFAR-10</em> &amp; co</strong></p>`;
  const { summary, document, html } = render(["# T", "1"], [shown({ "text/html": notice })]);
  assert.deepEqual(summary.notices, [{ text: "Not CIFAR-10 & co", isWarning: true }]);
  assert.equal(document.querySelector("main")!.firstElementChild!.textContent, "Not CIFAR-10 & co");
  assert.deepEqual(readSummary(html), summary);
  const index = parseHTML(
    renderIndex([{ summary, file: "a.html" }, { summary, file: "b.html" }], ""),
  ).document;
  const alerts = [...index.querySelectorAll('[role="alert"]')].map((alert) => alert.textContent);
  assert.deepEqual(alerts, ["Not CIFAR-10 & co"]);
  assert.deepEqual(
    [...index.querySelectorAll(".cards a")].map((link) => link.getAttribute("href")),
    ["./a.html", "./b.html"],
  );
});

Deno.test("renderPage() keeps tables, and links between notebooks lead to reports", () => {
  const { document } = render([
    "# T\n\n[next](02_cnn.ipynb#train) [out](https://example.org/a.ipynb)",
    "1",
  ], [
    shown({
      "text/html": `<table class="dataframe evil"><tr><td class="number">1</td></tr></table>`,
    }),
  ]);
  assert.equal(document.querySelector(".scroll > table.dataframe td.number")!.textContent, "1");
  assert.equal(document.querySelector(".evil"), null);
  const links = [...document.querySelectorAll("main p a")].map((a) => a.getAttribute("href"));
  assert.deepEqual(links, ["02_cnn.html#train", "https://example.org/a.ipynb"]);
});

Deno.test("renderPage() leaves no link that leads nowhere: files without a page are told by their paths", () => {
  const notebook: Notebook = JSON.parse(notebookText([
    "# T\n\n[docs/own.md](../docs/own.md) [how](../docs/own%20b.md#x) [*it*](./a.ipynb?raw#T) [no](b.ipynb) " +
    "[root](/etc/passwd) [bad](%E0%A4%A.md) [top](#T) [q](?x) [mail](mailto:a@b.c)",
  ]));
  const { html } = renderPage(notebook, {
    ...RUN,
    findPage: (path) => path === "a.ipynb" ? "a #1.html" : undefined,
  });
  const { document } = parseHTML(html);
  const links = [...document.querySelectorAll("main p a")].map((a) => a.getAttribute("href"));
  assert.deepEqual(links, ["a%20%231.html#T", "#T", "mailto:a@b.c"]);
  assert.equal(
    document.querySelector("main p")!.textContent,
    "docs/own.md how (../docs/own b.md) it no (b.ipynb) root (/etc/passwd) bad (%E0%A4%A.md) top q mail",
  );
  assert.equal(document.querySelector("main p a em")!.textContent, "it");
});

/** A picture of one pixel. */
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const DOT = Uint8Array.from(atob(PNG), (character) => character.charCodeAt(0));

Deno.test("renderPage() treats links, ids and pictures of HTML outputs as it does those of Markdown", () => {
  const html = '<p id="T"><a href="a.ipynb">a</a> <a href="b.csv">b</a> <a href="#T">T</a></p>' +
    '<img alt="A dot" src="dot.png"><img alt="" src="../dot.png">';
  const run = {
    ...RUN,
    findPage: (path: string) => path === "a.ipynb" ? "a.html" : undefined,
    readPicture: (path: string) => path === "dot.png" ? DOT : undefined,
  };
  for (const type of ["text/html", "text/markdown"]) {
    const notebook: Notebook = JSON.parse(notebookText(["# T\n\nText.", "1"]));
    notebook.cells[1]!.outputs = [shown({ [type]: html })];
    const { document } = parseHTML(renderPage(notebook, run).html);
    const output = document.querySelector(".output")!;
    const links = [...output.querySelectorAll("a")].map((a) => a.getAttribute("href"));
    assert.deepEqual(links, ["a.html", "#T"], type);
    assert.match(output.textContent, /a b \(b\.csv\) T/, type);
    const images = [...output.querySelectorAll("img")].map((img) => img.getAttribute("alt"));
    assert.deepEqual(images, ["A dot"], type);
    assert.equal(output.querySelector("p")!.id, "T-2", type);
  }
});

Deno.test("renderPage() lets a wide figure scroll in a box that the keyboard reaches", () => {
  const svg = (width: number) => `<svg width="${width}" height="10" aria-label="Curves"></svg>`;
  const { document } = render(["1"], [
    shown({ "image/svg+xml": svg(700) }),
    shown({ "image/svg+xml": svg(1060.5) }),
  ]);
  const boxes = [...document.querySelectorAll(".figure")].map((box) => [
    box.getAttribute("class"),
    box.getAttribute("tabindex"),
    box.getAttribute("role"),
  ]);
  assert.deepEqual(boxes, [["figure", null, null], ["figure wide", "0", "group"]]);
});

/** The content of the page's main part. */
function markdown(source: string, more: Partial<Notebook["cells"][number]> = {}, run = RUN) {
  const notebook: Notebook = JSON.parse(notebookText([`# T\n\n${source}`]));
  Object.assign(notebook.cells[0]!, more);
  return parseHTML(renderPage(notebook, run).html).document.querySelector("main")!;
}

Deno.test("renderPage() takes for mathematics what Jupyter takes for it", () => {
  for (
    const [source, display, inline] of [
      ["\\begin{align}\na &= b \\\\\nc &= d\n\\end{align}", 1, 0],
      ["so \\begin{equation} x^2 \\end{equation} holds", 1, 0],
      ["with $a +\nb$ over two lines", 0, 1],
      ["\\(a\\) and \\[b\\]", 1, 1],
      ["$$\nx\n$$", 1, 0],
      ["`\\(a\\)` and ``$x$``", 0, 0],
      ["    $x$ in code\n", 0, 0],
      ["5 $ or 6 $, \\$x\\$", 0, 0],
    ] as const
  ) {
    const main = markdown(source);
    const all = main.querySelectorAll("math").length;
    assert.equal(main.querySelectorAll("math[display=block]").length, display, source);
    assert.equal(all - display, inline, source);
    assert.equal(main.querySelectorAll(".katex-error, merror").length, 0, source);
  }
  assert.match(markdown("`\\\\(a\\\\)`").textContent, /\\\\\(a/);
});

Deno.test("renderPage() keeps the ids that Jupyter makes, and anchors of the reader's own", () => {
  const main = markdown(
    '# Grid search\n\n[x](#Grid-search) [z](04_svm.ipynb#Grid-search)\n\n<a id="x"></a>[y](#x) <a name="n">n</a>\n\n## Grid search',
  );
  for (const id of ["Grid-search", "x", "n", "Grid-search-2"]) {
    assert.ok(main.querySelector(`[id="${id}"]`), id);
  }
  const links = [...main.querySelectorAll("a[href]")].map((a) => a.getAttribute("href"));
  assert.deepEqual(links, ["#Grid-search", "04_svm.html#Grid-search", "#x"]);
});

Deno.test("renderPage() takes time in proportion to the number of headings", () => {
  const cells = Array.from({ length: 2000 }, () => "## Same");
  const start = performance.now();
  render(cells);
  const few = performance.now() - start;
  const again = performance.now();
  render([...cells, ...cells]);
  // Twice as many headings took four times as long; measured in one run, with room for noise.
  assert.ok(performance.now() - again < 3.4 * few + 300);
});

Deno.test("renderPage() embeds attachments and picture files beside the notebook", () => {
  const attachments = { "my p.png": { "image/png": PNG } };
  const readPicture = (path: string) =>
    path === "figures/q.png" ? DOT : path === "notes.png" ? new Uint8Array([1, 2, 3]) : undefined;
  const main = markdown(
    "![p](attachment:my%20p.png) <img src='attachment:my p.png' alt='q'> ![f](figures/q.png) ![n](notes.png) ![h](https://example.org/x.png)",
    { attachments },
    { ...RUN, readPicture },
  );
  const images = [...main.querySelectorAll("img")].map((img) => img.getAttribute("src"));
  assert.deepEqual(images, Array(3).fill(`data:image/png;base64,${PNG}`));
});

Deno.test("renderPage() shows text as a terminal does", () => {
  for (
    const [text, expected] of [
      ["loading file 123 of 456\r\x1b[Kdone\n", "done"],
      ["abc\b\bXY\n", "aXY"],
      ["\x1b[31mred\x1b[0m 50 %\r\x1b[32mgreen", "green0 %"],
      ["one\ntwo\x1b[1A\rONE", "ONE\ntwo"],
    ] as const
  ) {
    const output: Output = { output_type: "stream", name: "stdout", text };
    const { document } = render(["1"], [output]);
    assert.equal(document.querySelector("pre.stdout")!.textContent, expected);
  }
});

Deno.test("renderPage() shows every kind of output, or names it", () => {
  const of = (data: Record<string, unknown>) =>
    render(["1"], [shown(data)]).document.querySelector(".output")!;
  for (const type of ["image/gif", "image/webp", "image/png", "image/jpeg"]) {
    const src = of({ [type]: "AAAA\nBBBB" }).querySelector("img")!.getAttribute("src");
    assert.equal(src, `data:${type};base64,AAAABBBB`);
  }
  assert.ok(of({ "text/latex": "x^2" }).querySelector("math"));
  assert.ok(of({ "text/latex": "$x^2$" }).querySelector("math"));
  assert.match(of({ "application/json": { a: [1, "<b>"] } }).textContent, /"a": \[\s+1,\s+"<b>"/);
  assert.match(of({ "application/x-odd": "1" }).textContent, /type application\/x-odd/);
  assert.match(of({ "text/html": 5, "text/plain": "5" }).textContent, /5/);
});

Deno.test("renderPage() shows inline SVG as browsers read it", () => {
  const svgs = (html: string) =>
    [...render(["1"], [shown({ "text/html": html })]).document.querySelectorAll(".output img")]
      .map((img) => decodeURIComponent(img.getAttribute("src")!.replace(/^[^,]*,/, "")));
  const [linked] = svgs('<svg><use xlink:href="#a"/><text>a&nbsp;b</text></svg>');
  assert.ok(linked!.includes('xmlns:xlink="http://www.w3.org/1999/xlink"'));
  assert.ok(linked!.includes('<use xlink:href="#a"></use>'));
  assert.ok(linked!.includes("<text>a\u00a0b</text>"));
  const { document } = render(["1"], [shown({ "text/html": "<svg/> behind it" })]);
  assert.equal(document.querySelectorAll(".output img").length, 1);
  assert.match(document.querySelector(".output")!.textContent, /behind it/);
});

Deno.test("readSummary() takes a damaged description for none", () => {
  const { html, summary } = render(["# T"]);
  assert.deepEqual(readSummary(html), summary);
  for (
    const content of ["{", "null", "5", '{"title":1}', "", '{"title":"a","lead":"b","notices":[1]}']
  ) {
    const damaged = html.replace(
      /(<meta name="report" content=)"[^"]*"/,
      (_, start) => `${start}"${content.replaceAll('"', "&quot;")}"`,
    );
    assert.notEqual(damaged, html);
    assert.equal(readSummary(damaged), undefined);
  }
  assert.equal(readSummary("<p>no report</p>"), undefined);
});

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { parseHTML } from "linkedom";
import type { Notebook, Output } from "../../lib/report/notebook.ts";
import {
  FRAME_TYPE,
  readSummary,
  renderIndex,
  renderPage,
  type RunFacts,
} from "../../lib/report/render_page.ts";
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

/** The attempts that a page must withstand. */
const ATTACKS = [
  `<script>alert(1)</script>`,
  `<img src="data:image/png;base64,AA==" onerror="alert(1)">`,
  `<svg onload="alert(1)"><script>alert(1)</script></svg>`,
  `<svg></svg><svg/onload=alert(1)>`,
  `<iframe src="https://example.org"></iframe>`,
  `<iframe srcdoc="<script>alert(1)</script>"></iframe>`,
  `<a href="javascript:alert(1)">x</a>`,
  `<a href=" java&#10;script:alert(1)">x</a>`,
  `<a href="data:text/html,<script>alert(1)</script>">x</a>`,
  `<img src="https://example.org/pixel.png">`,
  `<form action="https://example.org"><button>x</button></form>`,
  `<style>body { background: url(https://example.org) }</style>`,
  `<link rel="stylesheet" href="https://example.org/x.css">`,
  `<base href="https://example.org/">`,
  `<meta http-equiv="refresh" content="0; url=https://example.org">`,
  `<object data="https://example.org"></object>`,
  `<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>`,
  `<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>`,
  `<p style="position: fixed; inset: 0">over all</p>`,
  `</code></pre></main></body><script>alert(1)</script>`,
];

function assertHarmless(html: string, context: string): void {
  const { document } = parseHTML(html);
  // The page's own script stands in the head; nothing else may run, load or lead anywhere by itself.
  assert.equal(document.querySelectorAll("script").length, 1, context);
  assert.equal(document.querySelectorAll("style").length, 1, context);
  assert.equal(document.querySelectorAll("body script, body style, svg").length, 0, context);
  assert.equal(document.querySelectorAll("iframe, form, object, link, base").length, 0, context);
  assert.equal(document.querySelectorAll("meta[http-equiv]").length, 1, context);
  for (const element of document.querySelectorAll("*")) {
    for (const { name, value } of element.attributes) {
      assert.ok(!name.startsWith("on") && name !== "style", `${context}: ${name}=${value}`);
      if (name === "src") assert.match(value, /^data:image\//, context);
      if (name === "href") {
        const where = new URL(value, "http://report.test/").protocol;
        assert.ok(["http:", "https:", "mailto:"].includes(where), `${context}: ${value}`);
      }
    }
  }
}

Deno.test("renderPage() lets no script in through Markdown", () => {
  for (const attack of ATTACKS) {
    assertHarmless(render([`# Title\n\n${attack}\n\nafter`]).html, attack);
    assertHarmless(render([`# ${attack}`]).html, `heading ${attack}`);
    assertHarmless(render([`# T\n\n$${attack}$ and \`${attack}\``]).html, `math ${attack}`);
    assertHarmless(render([`# T\n\n\`\`\`ts\n${attack}\n\`\`\``]).html, `fence ${attack}`);
  }
});

Deno.test("renderPage() lets no script in through code and outputs", () => {
  for (const attack of ATTACKS) {
    const outputs: Output[] = [
      { output_type: "stream", name: "stdout", text: attack },
      { output_type: "error", ename: attack, evalue: attack, traceback: [attack] },
      { output_type: "error", ename: attack, evalue: attack, traceback: [] },
      shown({ "text/html": attack }),
      shown({ "text/markdown": attack }),
      shown({ "text/plain": attack }),
      shown({ "image/png": attack }),
      shown({
        "image/svg+xml": `<svg aria-label="${attack.replaceAll('"', "'")}">${attack}</svg>`,
      }),
    ];
    assertHarmless(render([attack], outputs).html, attack);
  }
});

Deno.test("renderIndex() lets no script in through titles, leads and notices", () => {
  for (const attack of ATTACKS) {
    const summary = {
      title: attack,
      lead: attack,
      notices: [{ text: attack, isWarning: true }],
      seconds: 1,
    };
    assertHarmless(renderIndex([{ summary, file: "a.html" }], attack), attack);
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

Deno.test("renderPage() shows an interactive page in a sandbox, and allows its scripts by digest", () => {
  const code = `document.title = "a & b < c";`;
  const frame = `<!DOCTYPE html><title>Points &amp; names</title><script>${code}</script>`;
  const { document } = render(["1"], [
    shown({ [FRAME_TYPE]: frame, "text/html": "<p>Fallback</p>" }),
  ]);
  const iframe = document.querySelector("iframe")!;
  assert.equal(iframe.getAttribute("sandbox"), "allow-scripts");
  assert.equal(iframe.getAttribute("srcdoc"), frame);
  assert.equal(iframe.getAttribute("title"), "Points & names");
  const policy = document.querySelector("meta[http-equiv]")!.getAttribute("content")!;
  assert.ok(policy.includes(`'sha256-${createHash("sha256").update(code).digest("base64")}'`));
  assert.ok(!document.body.textContent.includes("Fallback"));
});

Deno.test("renderPage() shows an SVG as a picture with its text, nested ones too", () => {
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" aria-label="Five &quot;cats&quot;"><svg></svg><g/></svg>`;
  for (const type of ["image/svg+xml", "text/html"]) {
    const { document } = render(["1"], [shown({ [type]: svg })]);
    const image = document.querySelector(".output img")!;
    assert.equal(image.getAttribute("alt"), 'Five "cats"');
    const data = image.getAttribute("src")!.replace("data:image/svg+xml;base64,", "");
    assert.equal(atob(data), svg);
  }
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
  assert.deepEqual(links, ["#s-again", "#s-deep", "#s-again-2"]);
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
    ["a.html", "b.html"],
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

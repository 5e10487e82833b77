import { stripVTControlCharacters } from "node:util";
import { Buffer } from "node:buffer";
import highlighter from "highlight.js/lib/core";
import typescript from "highlight.js/lib/languages/typescript";
import { type Heading, renderMarkdown, sanitize } from "./markdown.ts";
import {
  type Cell,
  joinText,
  type MimeBundle,
  type MultilineText,
  type Notebook,
  type Output,
} from "./notebook.ts";
import { PAGE_SCRIPT, PAGE_STYLE } from "./page_style.ts";

highlighter.registerLanguage("typescript", typescript);

/** An interactive page of its own, shown in a frame that can reach neither the report nor the network. */
export const FRAME_TYPE = "application/vnd.deep-features.frame+html";

/** A notebook as a page. */
export interface Page {
  readonly title: string;
  /** First paragraph of the notebook, as text. */
  readonly summary: string;
  /** Notices (elements with the class `notice`) of its outputs, as HTML. */
  readonly notices: readonly string[];
  readonly html: string;
}

/** Nothing is loaded from anywhere: everything is in the page. */
const POLICY =
  "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; frame-src data: blob:";

/**
 * Renders a notebook as one self-contained HTML page.
 *
 * @param footer A line at the end of the page: when and where it was made
 */
export function renderPage(notebook: Notebook, footer: string): Page {
  const headings: Heading[] = [];
  const body = notebook.cells.map((cell) => renderCell(cell, headings)).join(
    "\n",
  );
  const title = decode(
    headings.find(({ level }) => level === 1)?.text ?? "Notebook",
  );
  const summary = body.match(/<p>([\s\S]*?)<\/p>/)?.[1] ?? "";
  const notices = [...body.matchAll(/<p class="notice[^>]*>[\s\S]*?<\/p>/g)]
    .map(([html]) => html);
  const contents = headings.filter(({ level }) => level === 2 || level === 3)
    .map(
      ({ level, text, id }) => `<li class="level${level}"><a href="#${id}">${text}</a></li>`,
    ).join("");
  const html = page(
    title,
    `<header><a href="index.html">All reports</a><span><button id="fold" type="button">Fold code</button> ` +
      `<button id="theme" type="button">Light / dark</button></span></header>` +
      `<main id="main">${
        contents
          ? `<nav class="contents" aria-label="Contents"><strong>Contents</strong><ul>${contents}</ul></nav>`
          : ""
      }${body}</main><footer>${escape(footer)}</footer>`,
  );
  return {
    title,
    summary: decode(summary.replace(/<[^>]*>/g, "")),
    notices,
    html,
  };
}

/** Renders the page that lists all reports. */
export function renderIndex(
  pages: readonly { page: Page; file: string; seconds: number }[],
  footer: string,
): string {
  const cards = pages.map(({ page, file, seconds }) =>
    `<li><h2><a href="${encodeURI(file)}">${escape(page.title)}</a></h2>${
      page.notices.join("")
    }<p>${escape(page.summary)}</p><p><small>Ran in ${Math.round(seconds)} s</small></p></li>`
  ).join("");
  return page(
    "Deep features: reports",
    `<header><span></span><button id="theme" type="button">Light / dark</button></header>` +
      `<main id="main"><h1>Deep features: reports</h1><ul class="cards">${cards}</ul></main>` +
      `<footer>${escape(footer)}</footer>`,
  );
}

function page(title: string, body: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escape(title)}</title>
<style>${PAGE_STYLE}</style>
<script>${PAGE_SCRIPT}</script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
${body}
</body>
</html>
`;
}

function renderCell(cell: Cell, headings: Heading[]): string {
  const source = joinText(cell.source);
  if (cell.cell_type === "markdown") return renderMarkdown(source, headings);
  if (cell.cell_type === "raw") return `<pre>${escape(source)}</pre>`;
  const code = highlighter.highlight(source, { language: "typescript" }).value;
  const count = cell.execution_count ?? " ";
  const block =
    `<details class="code" open><summary>Code [${count}]</summary><pre tabindex="0"><code>${code}</code></pre></details>`;
  return block + (cell.outputs ?? []).map(renderOutput).join("");
}

function renderOutput(output: Output): string {
  switch (output.output_type) {
    case "stream":
      return box(
        `<pre class="${output.name === "stderr" ? "stderr" : "stdout"}" tabindex="0">${
          escape(stripVTControlCharacters(joinText(output.text)).trimEnd())
        }</pre>`,
      );
    case "error":
      return box(
        `<pre class="error" role="alert" tabindex="0">${
          escape(
            stripVTControlCharacters(
              output.traceback.join("\n") ||
                `${output.ename}: ${output.evalue}`,
            ),
          )
        }</pre>`,
      );
    default:
      return box(renderBundle(output.data));
  }
}

function box(html: string): string {
  return html === "" ? "" : `<div class="output">${html}</div>`;
}

/** The richest form that a page can show safely. */
function renderBundle(data: MimeBundle): string {
  const text = (type: string) =>
    data[type] === undefined ? undefined : joinText(data[type] as MultilineText);
  const frame = text(FRAME_TYPE);
  if (frame !== undefined) {
    const title = decode(
      frame.match(/<title>([^<]*)<\/title>/)?.[1] ?? "Interactive figure",
    );
    return `<iframe sandbox="allow-scripts" title="${escape(title)}" srcdoc="${
      escape(frame)
    }"></iframe>`;
  }
  const svg = text("image/svg+xml");
  if (svg !== undefined) {
    // As a picture an SVG can neither run scripts nor clash with the page.
    const alt = decode(svg.match(/aria-label="([^"]*)"/)?.[1] ?? "Figure");
    const url = `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;
    return `<img alt="${escape(alt)}" src="${url}">`;
  }
  const png = text("image/png");
  if (png !== undefined) {
    return `<img alt="Figure" src="data:image/png;base64,${escape(png.replace(/\s/g, ""))}">`;
  }
  const html = text("text/html");
  if (html !== undefined) return sanitize(html);
  const markdown = text("text/markdown");
  if (markdown !== undefined) return renderMarkdown(markdown, []);
  const plain = text("text/plain");
  return plain === undefined
    ? ""
    : `<pre tabindex="0">${escape(stripVTControlCharacters(plain))}</pre>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(
    ">",
    "&gt;",
  )
    .replaceAll('"', "&quot;");
}

function decode(html: string): string {
  return html.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll(
    "&quot;",
    '"',
  )
    .replaceAll("&#39;", "'").replaceAll("&amp;", "&");
}

import { stripVTControlCharacters } from "node:util";
import { createHash } from "node:crypto";
import {
  decodeHtml,
  escapeHtml,
  type Heading,
  highlight,
  renderMarkdown,
  sanitize,
  svgPicture,
} from "./markdown.ts";
import {
  type Cell,
  joinText,
  type MimeBundle,
  type MultilineText,
  type Notebook,
  type Output,
} from "./notebook.ts";
import { FRAME_TYPE } from "../notebook/frame_type.ts";
import { PAGE_SCRIPT, PAGE_STYLE } from "./page_style.ts";

export { FRAME_TYPE };

/** Something that a reader must not overlook: an element of class `notice` in an output. */
export interface Notice {
  readonly text: string;
  readonly isWarning: boolean;
}

/** What the list of reports says about one. */
export interface Summary {
  readonly title: string;
  /** First paragraph of the notebook, as text. */
  readonly lead: string;
  readonly notices: readonly Notice[];
  /** How long the notebook took, in seconds; not there if it was rendered as it is. */
  readonly seconds?: number;
  /** The cell that did not run to its end, from 1, if there is one. */
  readonly failedCell?: number;
}

/** What is known of a run besides the notebook. */
export interface RunFacts {
  /** How long the notebook took, in seconds; not there if it was not run. */
  readonly seconds?: number;
  /** How long each code cell took, in seconds, in their order; those that did not run are missing. */
  readonly cellSeconds: readonly number[];
  /** The cell that did not run to its end, from 1, if there is one. */
  readonly failedCell?: number;
  /** The reports before and after: file names without the ending. */
  readonly previous?: string;
  readonly next?: string;
  /** A line at the end of the page: when and how it was made. */
  readonly footer: string;
}

/** Cells faster than this show no time, in seconds. */
const SHOW_TIME_FROM = 0.5;

/**
 * Renders a notebook as one self-contained HTML page.
 *
 * @returns The page, and what the list of reports says about it
 */
export function renderPage(
  notebook: Notebook,
  run: RunFacts,
): { html: string; summary: Summary } {
  const headings: Heading[] = [];
  const frames: string[] = [];
  let codeCells = 0;
  const cells = notebook.cells.map((cell) => {
    const seconds = cell.cell_type === "code" ? run.cellSeconds[codeCells++] : undefined;
    return renderCell(cell, headings, frames, seconds);
  });
  const body = cells.join("\n");
  const notices = findNotices(body);
  const summary: Summary = {
    title: decodeHtml(headings[0]?.text || "Notebook"),
    lead: decodeHtml((body.match(/<p>([\s\S]*?)<\/p>/)?.[1] ?? "").replace(/<[^>]*>/g, "")),
    notices,
    ...(run.seconds === undefined ? {} : { seconds: run.seconds }),
    ...(run.failedCell === undefined ? {} : { failedCell: run.failedCell }),
  };
  const contents = headings.filter(({ level, text }) => (level === 2 || level === 3) && text !== "")
    .map(({ level, text, id }) => `<li class="level${level}"><a href="#${id}">${text}</a></li>`)
    .join("");
  const failure = run.failedCell === undefined
    ? ""
    : `<p class="notice warning" role="alert"><strong>Cell ${run.failedCell} did not run to its end: ` +
      "this report stops there.</strong></p>";
  const banner = failure + notices.filter(({ isWarning }) => isWarning).map(renderNotice).join("");
  const link = (name: string | undefined, text: (name: string) => string) =>
    name === undefined
      ? "<span></span>"
      : `<a href="${encodeURIComponent(name)}.html">${text(escapeHtml(name))}</a>`;
  const html = page({
    title: summary.title,
    summary,
    frames,
    body: `<header><nav aria-label="Reports"><a href="index.html">All reports</a></nav>` +
      `<div class="tools"><button id="fold" type="button" aria-pressed="false">Hide code</button> ` +
      `<button id="theme" type="button">Dark</button></div></header>` +
      `<div class="columns">${
        contents
          ? `<nav class="contents" aria-label="Contents"><details open><summary>Contents</summary><ul>${contents}</ul></details></nav>`
          : ""
      }<main id="main">${banner}${
        headings[0] ? "" : `<h1>${escapeHtml(summary.title)}</h1>`
      }${body}</main></div><footer><nav class="turn" aria-label="Previous and next">` +
      link(run.previous, (name) => `← ${name}`) + link(run.next, (name) => `${name} →`) +
      `</nav><p>${escapeHtml(run.footer)}</p></footer>`,
  });
  return { html, summary };
}

/** Renders the page that lists all reports. */
export function renderIndex(
  reports: readonly { summary: Summary; file: string }[],
  footer: string,
): string {
  const notices = new Map(
    reports.flatMap(({ summary }) => summary.notices).map((notice) => [notice.text, notice]),
  );
  // What holds for all stands above them once; what doesn't, in its card, too.
  const isShared = ({ text }: Notice) =>
    reports.every(({ summary }) => summary.notices.some((notice) => notice.text === text));
  const cards = reports.map(({ summary, file }) => {
    const state = summary.failedCell === undefined
      ? summary.seconds === undefined
        ? "With the outputs that the notebook holds"
        : `Ran in ${formatTime(summary.seconds)}`
      : `<strong class="failed">Cell ${summary.failedCell} did not run to its end</strong>`;
    const own = summary.notices.filter((notice) => !isShared(notice))
      .map(({ text }) => `<p class="fine">${escapeHtml(text)}</p>`).join("");
    return `<li><h2><a href="${encodeURI(file)}">${escapeHtml(summary.title)}</a></h2>` +
      `<p>${escapeHtml(summary.lead)}</p>${own}<p class="fine">${state}</p></li>`;
  }).join("");
  return page({
    title: "Deep features: reports",
    frames: [],
    body: `<header><span></span><div class="tools"><button id="theme" type="button">Dark</button>` +
      `</div></header><div class="columns"><main id="main"><h1>Deep features: reports</h1>${
        [...notices.values()].filter((notice) => notice.isWarning || isShared(notice)).map(
          renderNotice,
        )
          .join("")
      }<ul class="cards">${cards}</ul></main></div><footer><p>${escapeHtml(footer)}</p></footer>`,
  });
}

/** Reads back what a report says about itself; undefined if the page is not one. */
export function readSummary(html: string): Summary | undefined {
  const content = html.match(/<meta name="report" content="([^"]*)">/)?.[1];
  return content === undefined ? undefined : JSON.parse(decodeHtml(content));
}

/** A duration for people. */
export function formatTime(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60
    ? `${whole} s`
    : `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}

function page({ title, body, frames, summary }: {
  title: string;
  body: string;
  frames: readonly string[];
  summary?: Summary;
}): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy(frames)}">
<meta name="referrer" content="no-referrer">
${summary ? `<meta name="report" content="${escapeHtml(JSON.stringify(summary))}">` : ""}
<title>${escapeHtml(title)}</title>
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

/**
 * Nothing is loaded from anywhere, and no script runs but the page's own and those of its frames, which
 * are named by their digests: a frame obeys the policy of the page that holds it.
 */
function policy(frames: readonly string[]): string {
  const scripts = frames.flatMap((frame) =>
    [...frame.matchAll(/<script\b[^>]*>([\s\S]*?)<\/script\s*>/gi)].map(([, code]) => code!)
  );
  const hashes = [PAGE_SCRIPT, ...scripts].map((code) =>
    `'sha256-${createHash("sha256").update(code).digest("base64")}'`
  );
  return `default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src ${
    [...new Set(hashes)].join(" ")
  }; base-uri 'none'; form-action 'none'`;
}

function renderNotice({ text, isWarning }: Notice): string {
  return isWarning
    ? `<p class="notice warning" role="alert"><strong>${escapeHtml(text)}</strong></p>`
    : `<p class="notice info">${escapeHtml(text)}</p>`;
}

/** Finds the notices in sanitised HTML. */
function findNotices(html: string): Notice[] {
  const found = new Map<string, Notice>();
  const marked =
    /<(p|div)(?= )((?=[^>]*(?: class="(?:[^"]* )?notice[ "]| role="alert"))[^>]*)>([\s\S]*?)<\/\1>/g;
  for (const [, , attributes, inner] of html.matchAll(marked)) {
    const text = decodeHtml(inner!.replace(/<[^>]*>/g, "")).trim();
    const isWarning = /role="alert"| class="[^"]*\bwarning\b/.test(attributes!);
    found.set(text, { text, isWarning });
  }
  return [...found.values()];
}

function renderCell(
  cell: Cell,
  headings: Heading[],
  frames: string[],
  seconds: number | undefined,
): string {
  const source = joinText(cell.source);
  if (cell.cell_type === "markdown") return renderMarkdown(source, headings);
  if (cell.cell_type === "raw") return `<pre tabindex="0">${escapeHtml(source)}</pre>`;
  const count = cell.execution_count ?? " ";
  const time = seconds !== undefined && seconds >= SHOW_TIME_FROM
    ? ` <span class="time">${formatTime(seconds)}</span>`
    : "";
  const block =
    `<details class="code" open><summary>Code <span class="count">[${count}]</span>${time}</summary>` +
    `<pre tabindex="0"><code>${highlight(source, "typescript")}</code></pre></details>`;
  return block + (cell.outputs ?? []).map((output) => renderOutput(output, frames)).join("");
}

function renderOutput(output: Output, frames: string[]): string {
  switch (output.output_type) {
    case "stream":
      return box(preformatted(joinText(output.text), output.name));
    case "error":
      return box(
        preformatted(output.traceback.join("\n") || `${output.ename}: ${output.evalue}`, "error"),
      );
    default:
      return box(renderBundle(output.data, output.metadata, frames));
  }
}

function box(html: string): string {
  return html === "" ? "" : `<div class="output">${html}</div>`;
}

/** Text as a terminal shows it, without its colours. */
function preformatted(text: string, kind: string): string {
  const plain = stripVTControlCharacters(text).replaceAll("\r", "").trimEnd();
  return plain === "" ? "" : `<pre class="${kind}" tabindex="0">${escapeHtml(plain)}</pre>`;
}

/** The richest form that a page can show safely. */
function renderBundle(
  data: MimeBundle,
  metadata: Record<string, unknown>,
  frames: string[],
): string {
  const text = (type: string) =>
    data[type] === undefined ? undefined : joinText(data[type] as MultilineText);
  const frame = text(FRAME_TYPE);
  if (frame !== undefined) return renderFrame(frame, frames);
  const svg = text("image/svg+xml");
  if (svg !== undefined) {
    return figure(svgPicture(svg), Number(svg.match(/^[^>]*\swidth="([\d.]+)"/)?.[1] ?? 0));
  }
  for (const type of ["image/png", "image/jpeg"]) {
    const image = text(type);
    if (image === undefined) continue;
    const alt = typeof metadata["alt"] === "string" ? metadata["alt"] : "Figure";
    return figure(
      `<img alt="${escapeHtml(alt)}" src="data:${type};base64,${
        escapeHtml(image.replace(/\s/g, ""))
      }">`,
    );
  }
  const html = text("text/html");
  if (html !== undefined) return sanitize(html);
  const markdown = text("text/markdown");
  if (markdown !== undefined) {
    // Its headings are no part of the page's outline.
    return renderMarkdown(markdown.replace(/^#+ +(.*)$/gm, "**$1**"), []);
  }
  return preformatted(text("text/plain") ?? "", "result");
}

/** A figure wider than this, in CSS pixels, is not made as narrow as a phone: it scrolls in its box. */
const WIDE = 800;

function figure(image: string, width = 0): string {
  return width <= WIDE
    ? `<div class="figure">${image}</div>`
    : `<div class="figure wide" tabindex="0" role="group" aria-label="Figure">${image}</div>`;
}

function renderFrame(frame: string, frames: string[]): string {
  // The browser makes line endings alike before it takes the digest of a script.
  const document = frame.replaceAll("\r\n", "\n");
  frames.push(document);
  const title = decodeHtml(document.match(/<title>([^<]*)<\/title>/)?.[1] ?? "Interactive figure");
  return `<iframe sandbox="allow-scripts" title="${escapeHtml(title)}" srcdoc="${
    escapeHtml(document)
  }"></iframe>`;
}

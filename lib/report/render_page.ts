import { stripVTControlCharacters } from "node:util";
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { ON_DARK } from "../base/on_dark.ts";
import { escapeHtml } from "../base/text.ts";
import { FRAME_TYPE } from "../notebook/frame_type.ts";
import { formatSeconds } from "../notebook/progress.ts";
import type { FindApi } from "./api_pages.ts";
import { type FrameParts, ownFrame } from "./engine/frames.ts";
import {
  attribute,
  elementsOf,
  type Parent,
  parse,
  parseFragment,
  textOf,
} from "./engine/html_tree.ts";
import { importedNames, linkNames } from "./engine/link_names.ts";
import type { FindPicture } from "./engine/sanitize.ts";
import { svgPicture, svgWidth } from "./engine/svg_picture.ts";
import { TerminalText } from "./engine/terminal_text.ts";
import { type FindPage, highlight, Outline, renderHtml, renderMarkdown } from "./markdown.ts";
import {
  type Cell,
  joinText,
  type MimeBundle,
  type MultilineText,
  type Notebook,
  type Output,
} from "./notebook.ts";
import type { Section } from "./sections.ts";
import TEMPLATE from "./page/page.html" with { type: "text" };
import CODE from "./page/code.js" with { type: "text" };
import FIGURES from "./page/figures.js" with { type: "text" };
import FRAMES from "./page/frames.js" with { type: "text" };
import OUTLINE from "./page/outline.js" with { type: "text" };
import PRINT from "./page/print.js" with { type: "text" };
import SEARCH from "./page/search.js" with { type: "text" };
import TABLES from "./page/tables.js" with { type: "text" };
import TIPS from "./page/tips.js" with { type: "text" };
import THEME from "./page/theme.js" with { type: "text" };
import STYLE from "./page/style.css" with { type: "text" };

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

/** Another report, beside this one. */
export interface Neighbor {
  /** The file's name without the ending. */
  readonly name: string;
  readonly title: string;
}

/** What is known of a run besides the notebook. */
export interface RunFacts {
  /** How long the notebook took, in seconds; not there if it was not run. */
  readonly seconds?: number;
  /** How long each code cell took, in seconds, in their order; those that did not run are missing. */
  readonly cellSeconds: readonly number[];
  /** The cell that did not run to its end, from 1, if there is one. */
  readonly failedCell?: number;
  /** The reports before and after. */
  readonly previous?: Neighbor;
  readonly next?: Neighbor;
  /** The file beside the page that holds the notebook as it is shown, if there is one. */
  readonly notebookFile?: string;
  /** A line at the end of the page: what made it. */
  readonly footer: string;
  /** Where the page comes from, in words; it may need what the page says of itself. */
  readonly provenance?: (summary: Summary) => readonly (readonly [name: string, value: string])[];
  /** What the names of files beside the page begin with; default "report". */
  readonly name?: string;
  /** Finds a picture file beside the notebook by its relative path. */
  readonly readPicture?: (path: string) => Uint8Array | undefined;
  /** Finds the pages that links in the notebook's text lead to; by default notebooks beside have some. */
  readonly findPage?: FindPage;
  /** Finds the pages of the API, to which names in the code lead; by default there are none. */
  readonly findApi?: FindApi;
  /** The first page of the API, relative to the page, if it is there. */
  readonly apiIndex?: string;
  /** Keep pages to explore inside the page, in place of files beside it. */
  readonly isSingleFile?: boolean;
}

/** A page to explore, to be written beside a report. */
export interface FramePage {
  readonly file: string;
  readonly html: string;
}

/** What the parts of a page share while it is made. */
interface Drawing {
  readonly run: RunFacts;
  readonly outline: Outline;
  readonly frames: FramePage[];
  /** Scripts of the pages to explore that are kept inside. */
  readonly frameScripts: string[];
  readonly find: FindPicture;
  /** Finds the page of the API that a name in the code leads to. */
  readonly findName: (name: string) => string | undefined;
}

/** The script of every page. */
const SCRIPT = [THEME, FRAMES, OUTLINE, CODE, TABLES, FIGURES, TIPS, SEARCH, PRINT].join("\n");

/** Cells faster than this show no time, in seconds. */
const SHOW_TIME_FROM = 0.5;

/**
 * Renders a notebook as an HTML page that loads nothing from elsewhere. All that comes from the notebook is
 * text that is escaped, HTML that is sanitized, or a picture; the only script is the page's own. Pages to
 * explore that this library made are files beside it, which the reader opens; others are left out.
 *
 * @returns The page, what the list of reports says about it, and the pages to explore
 */
export function renderPage(
  notebook: Notebook,
  run: RunFacts,
): { html: string; summary: Summary; frames: FramePage[] } {
  const outline = new Outline();
  const { headings } = outline;
  const frames: FramePage[] = [], frameScripts: string[] = [];
  const sources = notebook.cells.filter(({ cell_type }) => cell_type === "code")
    .map(({ source }) => joinText(source));
  const names = run.findApi ? importedNames(sources) : undefined;
  const findName = (text: string) => {
    const imported = names?.get(text);
    return imported && run.findApi!(imported.name, imported.room);
  };
  let codeCells = 0;
  const cells = notebook.cells.map((cell) => {
    const seconds = cell.cell_type === "code" ? run.cellSeconds[codeCells++] : undefined;
    const find = pictureFinder(cell, run);
    return renderCell(cell, { run, outline, frames, frameScripts, find, findName }, seconds);
  });
  const body = cells.join("\n");
  const tree = parseFragment(body);
  const notices = findNotices(tree);
  const lead = [...elementsOf(tree)].find(({ tagName }) => tagName === "p");
  const summary: Summary = {
    title: headings[0]?.text || "Notebook",
    lead: lead ? textOf(lead, ["annotation"]) : "",
    notices,
    ...(run.seconds === undefined ? {} : { seconds: run.seconds }),
    ...(run.failedCell === undefined ? {} : { failedCell: run.failedCell }),
  };
  const contents = headings.filter(({ level, text }) => (level === 2 || level === 3) && text !== "")
    .map(({ level, text, id }) =>
      `<li class="level${level}"><a href="#${escapeHtml(encodeURIComponent(id))}">${
        escapeHtml(text)
      }</a></li>`
    )
    .join("");
  const failure = run.failedCell === undefined
    ? ""
    : `<p class="notice warning" role="alert"><strong>Cell ${run.failedCell} did not run to its end: ` +
      "this report stops there.</strong></p>";
  const banner = failure + notices.filter(({ isWarning }) => isWarning).map(renderNotice).join("");
  const link = (report: Neighbor | undefined, text: (title: string) => string) =>
    report === undefined
      ? "<span></span>"
      : `<a href="${pageAddress(`${report.name}.html`)}">${text(escapeHtml(report.title))}</a>`;
  const source = run.notebookFile === undefined
    ? ""
    : ` · <a href="${pageAddress(run.notebookFile)}" download>The notebook (.ipynb)</a>`;
  const html = page({
    title: summary.title,
    summary,
    frameScripts,
    body:
      `<header><nav aria-label="Reports"><a href="index.html">All reports</a>${source}${
        run.apiIndex === undefined ? "" : ` · ${linkToApi(run.apiIndex)}`
      }</nav>` +
      `<div class="tools"><button id="fold" type="button">Hide code</button> ` +
      `<button id="theme" type="button">Dark</button></div></header>` +
      `<div class="columns">${
        contents
          ? `<nav class="contents" aria-label="Contents"><details open><summary>Contents</summary><ul>${contents}</ul></details></nav>`
          : ""
      }<main id="main">${banner}${
        headings[0] ? "" : `<h1>${escapeHtml(summary.title)}</h1>`
      }${body}</main></div><footer><nav class="turn" aria-label="Previous and next">` +
      link(run.previous, (title) => `← ${title}`) + link(run.next, (title) => `${title} →`) +
      `</nav>${renderProvenance(run.provenance?.(summary) ?? [])}<p>${
        escapeHtml(run.footer)
      }</p></footer>`,
  });
  return { html, summary, frames: run.isSingleFile ? [] : frames };
}

function linkToApi(page: string): string {
  return `<a href="./${escapeHtml(page)}">The library</a>`;
}

function renderProvenance(rows: readonly (readonly [name: string, value: string])[]): string {
  if (rows.length === 0) return "";
  const items = rows.map(([name, value]) =>
    `<div><dt>${escapeHtml(name)}:</dt> <dd>${escapeHtml(value)}</dd></div>`
  );
  return `<dl class="provenance">${items.join("")}</dl>`;
}

/** The title of a notebook's report: its first heading. */
export function notebookTitle({ cells }: Notebook): string | undefined {
  const outline = new Outline();
  for (const cell of cells) {
    if (cell.cell_type === "markdown") renderMarkdown(joinText(cell.source), outline);
    if (outline.headings.length > 0) break;
  }
  return outline.headings[0]?.text || undefined;
}

/** A report as the list of reports shows it. */
export interface Listed {
  readonly summary: Summary;
  readonly file: string;
  /** Its main figures, in words. */
  readonly figures?: readonly string[];
  /** What the search finds in it. */
  readonly sections?: readonly Section[];
  /** The day on which it was written, as ISO 8601 has it. */
  readonly date?: string;
}

/** Renders the page that lists all reports. */
export function renderIndex(
  reports: readonly Listed[],
  footer: string,
  apiIndex?: string,
): string {
  const notices = new Map(
    reports.flatMap(({ summary }) => summary.notices).map((notice) => [notice.text, notice]),
  );
  // What holds for all stands above them once; what doesn't, in its card, too.
  const isShared = ({ text }: Notice) =>
    reports.every(({ summary }) => summary.notices.some((notice) => notice.text === text));
  const cards = reports.map(({ summary, file, figures = [], date }) => {
    const state = summary.failedCell === undefined
      ? summary.seconds === undefined
        ? "With the outputs that the notebook holds"
        : `Ran in ${formatSeconds(summary.seconds)}`
      : `<strong class="failed">Cell ${summary.failedCell} did not run to its end</strong>`;
    const own = summary.notices.filter((notice) => !isShared(notice))
      .map(({ text }) => `<p class="fine">${escapeHtml(text)}</p>`).join("");
    const list = figures.map((text) => `<li>${escapeHtml(text)}</li>`).join("");
    const day = date === undefined ? "" : ` · <time>${escapeHtml(date)}</time>`;
    return `<li><h2><a href="${pageAddress(file)}">${escapeHtml(summary.title)}</a></h2>` +
      `<p>${escapeHtml(summary.lead)}</p>${list && `<ul class="figures">${list}</ul>`}${own}` +
      `<p class="fine">${state}${day}</p></li>`;
  }).join("");
  const sections = reports.flatMap(({ summary, file, sections = [] }) =>
    sections.map(({ heading, id, text }) => {
      const place = heading === summary.title ? heading : `${summary.title} › ${heading}`;
      return `<li><a href="${pageAddress(file)}#${escapeHtml(encodeURIComponent(id))}">${
        escapeHtml(place)
      }</a><p class="fine">${escapeHtml(text)}</p></li>`;
    })
  ).join("");
  return page({
    title: "Deep features: reports",
    frameScripts: [],
    body: `<header>${
      apiIndex === undefined
        ? "<span></span>"
        : `<nav aria-label="More">${linkToApi(apiIndex)}</nav>`
    }<div class="tools"><button id="theme" type="button">Dark</button>` +
      `</div></header><div class="columns"><main id="main"><h1>Deep features: reports</h1>${
        [...notices.values()].filter((notice) =>
          notice.isWarning || isShared(notice)
        ).map(
          renderNotice,
        )
          .join("")
      }${
        sections && `<ul id="sections" hidden>${sections}</ul>`
      }<ul class="cards">${cards}</ul></main></div><footer><p>${escapeHtml(footer)}</p></footer>`,
  });
}

/** Reads back what a report says about itself; undefined if the page is not one, or is damaged there. */
export function readSummary(html: string): Summary | undefined {
  const meta = [...elementsOf(parse(html.slice(0, html.search(/<body[\s>]/i) >>> 0)))].find((
    element,
  ) => element.tagName === "meta" && attribute(element, "name") === "report");
  try {
    const summary = JSON.parse(attribute(meta!, "content") ?? "");
    return isSummary(summary) ? summary : undefined;
  } catch {
    return undefined;
  }
}

function isSummary(value: unknown): value is Summary {
  const { title, lead, notices, seconds, failedCell } = (value ?? {}) as Record<string, unknown>;
  const isOptional = (number: unknown) => number === undefined || typeof number === "number";
  return typeof title === "string" && typeof lead === "string" && isOptional(seconds) &&
    isOptional(failedCell) && Array.isArray(notices) &&
    notices.every((notice) =>
      typeof notice?.text === "string" && typeof notice.isWarning === "boolean"
    );
}

/** The address of a page beside this one, whatever its name: no scheme, no query, no fragment. */
function pageAddress(file: string): string {
  return `./${escapeHtml(encodeURIComponent(file))}`;
}

function page({ title, body, frameScripts, summary }: {
  title: string;
  body: string;
  frameScripts: readonly string[];
  summary?: Summary;
}): string {
  const parts: Record<string, string> = {
    policy: escapeHtml(policy(frameScripts)),
    summary: summary ? escapeHtml(JSON.stringify(summary)) : "",
    title: escapeHtml(title),
    onDark: `${
      ON_DARK.map(([r, g, b, offset]) => `${r} ${g} ${b} 0 ${offset}`).join(" ")
    } 0 0 0 1 0`,
    body,
  };
  return TEMPLATE.replace(
    /\{\{ (\w+) \}\}|<(style|script)><\/\2>/g,
    (_, name: string | undefined, tag: "style" | "script") =>
      name === undefined ? `<${tag}>${tag === "style" ? STYLE : SCRIPT}</${tag}>` : parts[name]!,
  );
}

/**
 * Nothing is loaded but the pages to explore beside this one, which have a policy of their own, and no
 * script runs but the page's own. (A page to explore that is kept inside obeys this policy, too, so that
 * its script, which is this library's, is named by its digest.)
 */
function policy(frameScripts: readonly string[]): string {
  const hashes = [SCRIPT, ...frameScripts].map((code) =>
    `'sha256-${createHash("sha256").update(code).digest("base64")}'`
  );
  return `default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; script-src ${
    [...new Set(hashes)].join(" ")
  }; frame-src 'self'; base-uri 'none'; form-action 'none'`;
}

function renderNotice({ text, isWarning }: Notice): string {
  return isWarning
    ? `<p class="notice warning" role="alert"><strong>${escapeHtml(text)}</strong></p>`
    : `<p class="notice info">${escapeHtml(text)}</p>`;
}

/** Finds the notices among sanitized elements. */
function findNotices(tree: Parent): Notice[] {
  const found = new Map<string, Notice>();
  for (const element of elementsOf(tree)) {
    if (element.tagName !== "p" && element.tagName !== "div") continue;
    const classes = (attribute(element, "class") ?? "").split(" ");
    const isAlert = attribute(element, "role") === "alert";
    if (!isAlert && !classes.includes("notice")) continue;
    const text = textOf(element).trim();
    found.set(text, { text, isWarning: isAlert || classes.includes("warning") });
  }
  return [...found.values()];
}

/** Embeds a Markdown cell's attachments, and picture files beside the notebook. */
function pictureFinder({ attachments }: Cell, { readPicture }: RunFacts): FindPicture {
  return (source) => {
    let name: string;
    try {
      name = decodeURIComponent(source);
    } catch {
      return undefined;
    }
    if (name.startsWith("attachment:")) {
      const bundle = attachments?.[name.slice("attachment:".length)] ?? {};
      const type = PICTURES.find((type) => typeof bundle[type] === "string");
      return type && pictureUrl(type, String(bundle[type]).replace(/\s/g, ""));
    }
    if (/^[a-z][a-z0-9+.-]*:|^[/\\]/i.test(name)) return undefined;
    const bytes = readPicture?.(name);
    const type = bytes && typeOf(bytes);
    return type && pictureUrl(type, Buffer.from(bytes).toString("base64"));
  };
}

/** Types of pictures that are embedded as they are. */
const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"];

/** What picture files begin with. */
const SIGNATURES: readonly (readonly [string, RegExp])[] = [
  ["image/png", /^\x89PNG\r\n/],
  ["image/jpeg", /^\xff\xd8\xff/],
  ["image/gif", /^GIF8[79]a/],
  ["image/webp", /^RIFF[\s\S]{4}WEBP/],
  ["image/avif", /^[\s\S]{4}ftypavi[fs]/],
  ["image/bmp", /^BM/],
];

/** What kind of picture a file is, by its first bytes. */
function typeOf(bytes: Uint8Array): string | undefined {
  const start = String.fromCharCode(...bytes.subarray(0, 16));
  return SIGNATURES.find(([, signature]) => signature.test(start))?.[0];
}

function pictureUrl(type: string, base64: string): string {
  return `data:${type};base64,${base64}`;
}

function renderCell(cell: Cell, drawing: Drawing, seconds: number | undefined): string {
  const source = joinText(cell.source);
  if (cell.cell_type === "markdown") {
    return renderMarkdown(source, drawing.outline, drawing.find, drawing.run.findPage);
  }
  if (cell.cell_type === "raw") return `<pre tabindex="0">${escapeHtml(source)}</pre>`;
  const count = escapeHtml(String(cell.execution_count ?? " "));
  const time = seconds !== undefined && seconds >= SHOW_TIME_FROM
    ? ` <span class="time">${formatSeconds(seconds)}</span>`
    : "";
  const block =
    `<details class="code" open><summary>Code <span class="count">[${count}]</span>${time}</summary>` +
    `<pre tabindex="0"><code>${
      linkNames(highlight(source, "typescript"), drawing.findName)
    }</code></pre></details>`;
  return block + (cell.outputs ?? []).map((output) => renderOutput(output, drawing)).join("");
}

function renderOutput(output: Output, drawing: Drawing): string {
  switch (output.output_type) {
    case "stream":
      return box(
        preformatted(joinText(output.text), output.name === "stderr" ? "stderr" : "stdout"),
      );
    case "error":
      return box(
        preformatted(output.traceback.join("\n") || `${output.ename}: ${output.evalue}`, "error"),
      );
    default:
      return box(renderBundle(output.data, output.metadata, drawing));
  }
}

function box(html: string): string {
  return html === "" ? "" : `<div class="output">${html}</div>`;
}

/** Text as a terminal shows it, without its colours. */
function preformatted(text: string, kind: "stdout" | "stderr" | "error" | "result"): string {
  const terminal = new TerminalText();
  terminal.write(text);
  const plain = stripVTControlCharacters(terminal.toString()).trimEnd();
  return plain === "" ? "" : `<pre class="${kind}" tabindex="0">${escapeHtml(plain)}</pre>`;
}

/** The richest form that a page can show safely. */
function renderBundle(
  data: MimeBundle,
  metadata: Record<string, unknown>,
  drawing: Drawing,
): string {
  const text = (type: string) => textContent(data[type]), { findPage } = drawing.run;
  const frame = text(FRAME_TYPE);
  if (frame !== undefined) {
    const { [FRAME_TYPE]: _, ...others } = data;
    const picture = renderBundle(others, metadata, drawing);
    const parts = ownFrame(frame);
    return parts
      ? renderFrame(frame, parts, picture, drawing)
      : `${picture}<p class="fine">An interactive page that this library did not make is left out.</p>`;
  }
  const svg = text("image/svg+xml");
  if (svg !== undefined) {
    const picture = svgPicture(svg);
    if (picture !== "") return figure(picture, svgWidth(svg));
  }
  for (const type of PICTURES) {
    const image = text(type);
    if (image === undefined) continue;
    const alt = typeof metadata["alt"] === "string" ? metadata["alt"] : "Figure";
    const url = pictureUrl(type, image.replace(/[^A-Za-z0-9+/=]/g, ""));
    return figure(`<img alt="${escapeHtml(alt)}" src="${url}">`);
  }
  const html = text("text/html");
  if (html !== undefined) return renderHtml(html, drawing.outline, drawing.find, findPage);
  const markdown = text("text/markdown");
  if (markdown !== undefined) {
    // Its headings are no part of the page's outline.
    const text = markdown.replace(/^#+ +(.*)$/gm, "**$1**");
    return renderMarkdown(text, new Outline(drawing.outline), drawing.find, findPage);
  }
  const latex = text("text/latex");
  if (latex !== undefined) {
    const isBare = !/^\s*(\$|\\\(|\\\[|\\begin\{)/.test(latex);
    return renderMarkdown(isBare ? `$$${latex}$$` : latex, new Outline(drawing.outline));
  }
  const plain = text("text/plain");
  if (plain !== undefined) return preformatted(plain, "result");
  if (data["application/json"] !== undefined) {
    return preformatted(JSON.stringify(data["application/json"], null, 2), "result");
  }
  const types = Object.keys(data);
  if (types.length === 0) return "";
  return `<p class="fine">An output of the type ${
    escapeHtml(types.join(", "))
  }, which a page cannot show.</p>`;
}

/** The content of a form, if it is the text that the format wants. */
function textContent(content: unknown): string | undefined {
  const isText = typeof content === "string" ||
    (Array.isArray(content) && content.every((line) => typeof line === "string"));
  return isText ? joinText(content as MultilineText) : undefined;
}

/** A figure wider than this, in CSS pixels, is not made as narrow as a phone: it scrolls in its box. */
const WIDE = 800;

function figure(image: string, width = 0): string {
  return width <= WIDE
    ? `<div class="figure">${image}</div>`
    : `<div class="figure wide" tabindex="0" role="group" aria-label="Figure">${image}</div>`;
}

/** A page to explore: its picture, and the page beside this one that is opened in its place. */
function renderFrame(
  frame: string,
  parts: FrameParts,
  picture: string,
  { run, frames, frameScripts }: Drawing,
): string {
  const title = escapeHtml(parts.title || "Interactive figure");
  const file = `${run.name ?? "report"}.frame-${frames.length + 1}.html`;
  frames.push({ file, html: frame });
  if (run.isSingleFile) {
    frameScripts.push(parts.script);
    return `<div class="frame">${picture}<iframe sandbox="allow-scripts" title="${title}" srcdoc="${
      escapeHtml(frame)
    }"></iframe></div>`;
  }
  return `<div class="frame" data-title="${title}">${picture}<p><a href="${
    pageAddress(file)
  }">Open it as a page of its own</a></p></div>`;
}

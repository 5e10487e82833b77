import highlighter from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import json from "highlight.js/lib/languages/json";
import typescript from "highlight.js/lib/languages/typescript";
import katex from "katex";
import { Marked, type TokenizerAndRendererExtension } from "marked";
import { escapeHtml } from "../base/text.ts";
import {
  attribute,
  type Element,
  elementsOf,
  type Parent,
  parseFragment,
  serialize,
  setAttribute,
  textOf,
} from "./engine/html_tree.ts";
import { type FindPicture, sanitize } from "./engine/sanitize.ts";

highlighter.registerLanguage("bash", bash);
highlighter.registerLanguage("json", json);
highlighter.registerLanguage("typescript", typescript);

/** A heading of a page. */
export interface Heading {
  readonly level: number;
  readonly text: string;
  readonly id: string;
}

/** Ids of the page itself. */
const PAGE_IDS = ["main", "theme", "fold", "on-dark"];

/** Headings and ids of a page, as its cells are added. */
export class Outline {
  readonly headings: Heading[] = [];
  /** How often an id was wished for. */
  readonly #wishes: Map<string, number>;

  /** @param page Whose ids it shares; by default it is a page of its own, with the ids that every page has */
  constructor(page?: Outline) {
    this.#wishes = page ? page.#wishes : new Map(PAGE_IDS.map((id) => [id, 1]));
  }

  /** An id that nothing else on the page has: the wish itself, or with a number behind it. */
  uniqueId(wish: string): string {
    const count = (this.#wishes.get(wish) ?? 0) + 1;
    this.#wishes.set(wish, count);
    return count === 1 ? wish : this.uniqueId(`${wish}-${count}`);
  }
}

/** Code with its parts marked for colours; in an unknown language, only made safe. */
export function highlight(code: string, language: string): string {
  return highlighter.getLanguage(language)
    ? highlighter.highlight(code, { language }).value
    : escapeHtml(code);
}

/**
 * Turns a Markdown cell into safe HTML, with mathematics as MathML where Jupyter sees it: between one or
 * two dollar signs, `\( \)`, `\[ \]`, and in environments such as `align`.
 *
 * @param outline The headings and ids of the page so far; those of the cell are added. The page's first
 *   heading is its only one of level 1, and no level is skipped. Ids are Jupyter's: the heading's text
 *   with hyphens for blanks
 * @param find Embeds pictures that come from elsewhere
 * @param findPage Finds the pages that links to files beside lead to
 */
export function renderMarkdown(
  source: string,
  outline: Outline,
  find?: FindPicture,
  findPage: FindPage = reportBeside,
): string {
  const html = new Marked({
    gfm: true,
    extensions: [displayMath, inlineMath],
    renderer: {
      code: ({ text, lang }) =>
        `<pre><code>${highlight(text, lang?.split(/\s/)[0] ?? "")}</code></pre>\n`,
    },
  }).parse(source, { async: false });
  const tree = sanitize(html, find);
  fitIn(tree, outline, findPage);
  for (const element of elementsOf(tree)) {
    if (/^h[1-6]$/.test(element.tagName)) addHeading(element, outline);
  }
  return serialize(tree);
}

/** HTML of an output, made safe; its links and ids are those of a page, as in Markdown. */
export function renderHtml(
  html: string,
  outline: Outline,
  find?: FindPicture,
  findPage: FindPage = reportBeside,
): string {
  const tree = sanitize(html, find);
  fitIn(tree, outline, findPage);
  return serialize(tree);
}

/** Makes ids the only ones of their name on the page, and links lead to pages. */
function fitIn(tree: Parent, outline: Outline, findPage: FindPage): void {
  for (const element of elementsOf(tree)) {
    const own = attribute(element, "id");
    if (own !== undefined) setAttribute(element, "id", outline.uniqueId(own));
    if (element.tagName === "a") leadToPage(element, findPage);
  }
}

function addHeading(element: Element, outline: Outline): void {
  const { headings } = outline;
  const wish = Number(element.tagName[1]), above = headings.at(-1)?.level ?? 0;
  const level = Math.max(above ? 2 : 1, Math.min(wish, above + 1));
  const text = textOf(element, ["annotation"]).trim();
  const id = attribute(element, "id") ?? outline.uniqueId(text.replaceAll(/\s/g, "-") || "part");
  headings.push({ level, text, id });
  setAttribute(element, "id", id);
  element.tagName = element.nodeName = `h${level}`;
}

/** The file name of the page, beside this one, that stands for a file, if there is one. */
export type FindPage = (path: string) => string | undefined;

/** A notebook beside has its report, as far as is known. */
const reportBeside: FindPage = (path) =>
  path.endsWith(NOTEBOOK_ENDING) && !path.slice(0, -NOTEBOOK_ENDING.length).includes("/")
    ? `${path.slice(0, -NOTEBOOK_ENDING.length)}.html`
    : undefined;

const NOTEBOOK_ENDING = ".ipynb";

/**
 * Links to notebooks lead to their reports. Other files beside a notebook are not beside its report, which
 * may have been sent anywhere: their links become text that says where the files are.
 */
function leadToPage(link: Element, findPage: FindPage): void {
  const href = attribute(link, "href");
  if (href === undefined || /^([a-z][a-z0-9+.-]*:|#|$)/i.test(href)) return;
  const end = href.search(/[?#]/) >>> 0, fragment = href.indexOf("#");
  let path = href.slice(0, end);
  try {
    path = decodeURIComponent(path);
  } catch {
    // It is shown as it is written.
  }
  const page = findPage(path.replace(/^(\.\/)+/, ""));
  if (page !== undefined) {
    const place = fragment < 0 ? "" : href.slice(fragment);
    return setAttribute(link, "href", encodeURIComponent(page) + place);
  }
  link.tagName = link.nodeName = "span";
  link.attrs = [];
  const short = path.replace(/^(\.{0,2}\/)+/, "");
  if (textOf(link).includes(short)) return;
  link.childNodes.push(...parseFragment(` (<code>${escapeHtml(path)}</code>)`).childNodes);
}

/** Environments that are mathematics without dollar signs, as MathJax takes them. */
const ENVIRONMENT =
  /^\\begin\{((?:align|aligned|alignat|gather|gathered|equation|multline|eqnarray|split|cases|matrix|[bpvBV]matrix|array)\*?)\}[\s\S]+?\\end\{\1\}/;

const displayMath: TokenizerAndRendererExtension = {
  name: "displayMath",
  level: "block",
  start: (text) => text.match(/\$\$|\\\[|\\begin\{/)?.index,
  tokenizer: (text) => {
    const environment = text.match(ENVIRONMENT);
    if (environment) return mathToken("displayMath", environment[0], environment[0]);
    const match = text.match(/^\$\$([\s\S]+?)\$\$/) ?? text.match(/^\\\[([\s\S]+?)\\\]/);
    return match ? mathToken("displayMath", match[0], match[1]!) : undefined;
  },
  renderer: ({ text }) =>
    `<div class="math-block" tabindex="0" role="group" aria-label="Formula">${
      formula(String(text), true)
    }</div>\n`,
};

const inlineMath: TokenizerAndRendererExtension = {
  name: "inlineMath",
  level: "inline",
  start: (text) => text.match(/\$|\\\(|\\\[|\\begin\{/)?.index,
  tokenizer: (text) => {
    const environment = text.match(ENVIRONMENT);
    if (environment) return mathToken("displayMath", environment[0], environment[0]);
    const display = text.match(/^\$\$([\s\S]+?)\$\$/) ?? text.match(/^\\\[([\s\S]+?)\\\]/);
    if (display) return mathToken("displayMath", display[0], display[1]!);
    // As in Pandoc: no blank inside the dollars, no digit behind them; a paragraph is not crossed.
    const match = text.match(/^\$(?!\s)((?:\\.|[^$\\]|\n(?!\s*\n))+?)(?<!\s)\$(?![\w$])/) ??
      text.match(/^\\\(([\s\S]+?)\\\)/);
    return match ? mathToken("inlineMath", match[0], match[1]!) : undefined;
  },
  renderer: ({ text }) => formula(String(text), false),
};

function mathToken(type: string, raw: string, text: string) {
  return { type, raw, text };
}

function formula(tex: string, displayMode: boolean): string {
  return katex.renderToString(tex, {
    displayMode,
    output: "mathml",
    throwOnError: false,
    strict: "ignore",
  });
}

import { Buffer } from "node:buffer";
import highlighter from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import json from "highlight.js/lib/languages/json";
import typescript from "highlight.js/lib/languages/typescript";
import katex from "katex";
import { Marked } from "marked";
import sanitizeHtml from "sanitize-html";

highlighter.registerLanguage("bash", bash);
highlighter.registerLanguage("json", json);
highlighter.registerLanguage("typescript", typescript);

/** A heading of a page. */
export interface Heading {
  readonly level: number;
  readonly text: string;
  readonly id: string;
}

/** MathML's elements, which KaTeX writes. */
const MATH_TAGS =
  "math semantics annotation mrow mi mo mn ms mtext mspace msup msub msubsup munder mover munderover mfrac msqrt mroot mtable mtr mtd mstyle mpadded menclose mphantom"
    .split(" ");

/** Attributes that MathML needs. */
const MATH_ATTRIBUTES = [
  "display",
  "xmlns",
  "encoding",
  "mathvariant",
  "stretchy",
  "fence",
  "form",
  "lspace",
  "rspace",
  "accent",
  "accentunder",
  "columnalign",
  "columnspacing",
  "rowspacing",
  "scriptlevel",
  "displaystyle",
  "separator",
  "minsize",
  "maxsize",
  "width",
  "height",
  "depth",
  "voffset",
  "linethickness",
];

const TEXT_TAGS =
  "p br hr h1 h2 h3 h4 h5 h6 ul ol li dl dt dd blockquote pre code em strong b i s del ins sub sup kbd mark small abbr cite q a img figure figcaption table caption thead tbody tfoot tr th td colgroup col div span details summary"
    .split(" ");

/** Classes that pages give a meaning to; others are dropped. */
const CLASSES = ["notice", "warning", "info", "number", "dataframe", "hljs-*", "math-block"];

/**
 * HTML without anything that could run or load: scripts, handlers, styles, links other than to pages and
 * mail, pictures other than embedded ones. An SVG becomes a picture, in which scripts don't run.
 */
export function sanitize(html: string): string {
  return sanitizeHtml(svgsAsPictures(html), {
    allowedTags: [...TEXT_TAGS, ...MATH_TAGS],
    allowedAttributes: {
      "*": ["title", "role", "aria-label", "lang"],
      a: ["href"],
      img: ["src", "alt", "width", "height"],
      th: ["scope", "colspan", "rowspan"],
      td: ["colspan", "rowspan"],
      ol: ["start"],
      ...Object.fromEntries(MATH_TAGS.map((tag) => [tag, MATH_ATTRIBUTES])),
    },
    allowedClasses: { "*": CLASSES },
    allowedSchemes: ["http", "https", "mailto"],
    allowedSchemesByTag: { img: ["data"] },
    allowProtocolRelative: false,
    transformTags: {
      img: (tagName: string, attribs: Record<string, string>) => ({
        tagName,
        attribs: { ...attribs, alt: attribs["alt"] ?? "" },
      }),
    },
    exclusiveFilter: ({ tag, attribs }: { tag: string; attribs: Record<string, string> }) =>
      tag === "img" && !attribs["src"]?.startsWith("data:image/"),
    // What only JavaScript-less or ill-formed pages would show must not slip through as text.
    nonTextTags: [
      "script",
      "style",
      "textarea",
      "option",
      "noscript",
      "title",
      "iframe",
      "template",
    ],
  }).replaceAll(
    "<table",
    '<div class="scroll" tabindex="0" role="group" aria-label="Table"><table',
  )
    .replaceAll("</table>", "</table></div>");
}

/** An SVG document as a picture: it can neither run scripts nor load anything nor clash with the page. */
export function svgPicture(svg: string): string {
  const label = svg.match(/^[^>]*\saria-label="([^"]*)"/)?.[1] ??
    svg.match(/<title>([^<]*)<\/title>/)?.[1] ?? "Figure";
  const named = /^[^>]*\sxmlns=/.test(svg)
    ? svg
    : svg.replace(/<svg/, '<svg xmlns="http://www.w3.org/2000/svg"');
  const url = `data:image/svg+xml;base64,${Buffer.from(named).toString("base64")}`;
  return `<img alt="${escapeHtml(decodeHtml(label))}" src="${url}">`;
}

function svgsAsPictures(html: string): string {
  let result = "", done = 0, depth = 0, start = 0;
  for (const { 0: tag, index } of html.matchAll(/<svg(?=[\s>])|<\/svg>/gi)) {
    if (tag !== "</svg>") {
      if (depth++ === 0) start = index;
    } else if (depth > 0 && --depth === 0) {
      const end = index + tag.length;
      result += html.slice(done, start) + svgPicture(html.slice(start, end));
      done = end;
    }
  }
  return result + html.slice(done);
}

/** Text made safe to stand between HTML tags or in a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** The text that escaped HTML without tags stands for. */
export function decodeHtml(html: string): string {
  return html.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'").replaceAll("&#x27;", "'").replaceAll("&amp;", "&");
}

/** Code with its parts marked for colours; in an unknown language, only made safe. */
export function highlight(code: string, language: string): string {
  return highlighter.getLanguage(language)
    ? highlighter.highlight(code, { language }).value
    : escapeHtml(code);
}

/**
 * Turns a Markdown cell into HTML, with mathematics between dollar signs as MathML.
 *
 * @param headings The headings of the page so far; those of the cell are added. The page's first heading
 *   is its only one of level 1, and no level is skipped
 */
export function renderMarkdown(source: string, headings: Heading[]): string {
  // Formulas are set aside first (marked by a character of the private use area), so that Markdown
  // leaves them alone.
  const kept: string[] = [];
  const keep = (html: string) => `\uE000${kept.push(html) - 1}\uE000`;
  const marked = new Marked({
    gfm: true,
    renderer: {
      code: ({ text, lang }) =>
        `<pre><code>${highlight(text, lang?.split(/\s/)[0] ?? "")}</code></pre>\n`,
    },
  });
  const text = source.replaceAll("\uE000", "")
    .replace(
      /(```[\s\S]*?```|~~~[\s\S]*?~~~|`[^`\n]+`)|\$\$([\s\S]+?)\$\$|(?<![\\$\w])\$([^\s$](?:[^$\n]*[^\s$])?)\$(?![\w$])/g,
      (
        all,
        code: string | undefined,
        block: string | undefined,
        inline: string | undefined,
      ) => code ? all : keep(formula(block ?? inline!, block !== undefined)),
    );
  const html = marked.parse(text, { async: false });
  const withMath = html.replace(/\uE000(\d+)\uE000/g, (_, i) => kept[Number(i)]!);
  return sanitize(withMath)
    .replaceAll("<pre>", '<pre tabindex="0">')
    .replace(/<a href="(?!\w+:)([^"]*)\.ipynb(#[^"]*)?"/g, '<a href="$1.html$2"')
    .replace(/<h([1-6])>([\s\S]*?)<\/h\1>/g, (_, wish: string, inner: string) => {
      const above = headings.at(-1)?.level ?? 0;
      const level = Math.max(above ? 2 : 1, Math.min(Number(wish), above + 1));
      const words = inner.replace(/<annotation[\s\S]*?<\/annotation>/g, "");
      const plain = sanitizeHtml(words, { allowedTags: [], allowedAttributes: {} });
      const id = uniqueId(plain, headings);
      headings.push({ level, text: plain, id });
      return `<h${level} id="${id}">${inner}</h${level}>`;
    });
}

function formula(tex: string, displayMode: boolean): string {
  const math = katex.renderToString(tex, { displayMode, output: "mathml", throwOnError: false });
  return displayMode
    ? `<div class="math-block" tabindex="0" role="group" aria-label="Formula">${math}</div>`
    : math;
}

/** Ids begin alike, so that no heading's is that of a part of the page. */
function uniqueId(text: string, headings: readonly Heading[]): string {
  const words = text.toLowerCase().replace(/&[a-z]+;/g, "").replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "") || "part";
  const base = `s-${words}`;
  let id = base;
  for (let i = 2; headings.some((heading) => heading.id === id); i++) id = `${base}-${i}`;
  return id;
}

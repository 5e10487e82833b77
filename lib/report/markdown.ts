import katex from "katex";
import { Marked } from "marked";
import sanitizeHtml from "sanitize-html";

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

/**
 * HTML without anything that could run or load: scripts, handlers, styles beyond a few, links other than
 * to pages and mail, pictures other than embedded ones.
 */
export function sanitize(html: string): string {
  return sanitizeHtml(html, {
    allowedTags: [...TEXT_TAGS, ...MATH_TAGS],
    allowedAttributes: {
      "*": ["class", "id", "title", "role", "aria-label", "lang"],
      a: ["href"],
      img: ["src", "alt", "width", "height"],
      th: ["scope", "colspan", "rowspan"],
      td: ["colspan", "rowspan"],
      ol: ["start"],
      ...Object.fromEntries(MATH_TAGS.map((tag) => [tag, MATH_ATTRIBUTES])),
    },
    allowedSchemes: ["http", "https", "mailto"],
    allowedSchemesByTag: { img: ["data"] },
    allowProtocolRelative: false,
  });
}

/**
 * Turns a Markdown cell into HTML, with mathematics between dollar signs as MathML.
 *
 * @param headings The headings of the page so far; those of the cell are added
 */
export function renderMarkdown(source: string, headings: Heading[]): string {
  // Formulas are set aside first (marked by a character of the private use area), so that Markdown
  // leaves them alone.
  const kept: string[] = [];
  const keep = (html: string) => `\uE000${kept.push(html) - 1}\uE000`;
  const marked = new Marked({ gfm: true });
  const text = source
    .replace(
      /(```[\s\S]*?```|`[^`\n]+`)|\$\$([\s\S]+?)\$\$|(?<![\\$\w])\$([^\s$](?:[^$\n]*[^\s$])?)\$(?![\w$])/g,
      (
        all,
        code: string | undefined,
        block: string | undefined,
        inline: string | undefined,
      ) => code ? all : keep(formula(block ?? inline!, block !== undefined)),
    );
  const html = marked.parse(text, { async: false });
  const withMath = html.replace(
    /\uE000(\d+)\uE000/g,
    (_, i) => kept[Number(i)]!,
  );
  return sanitize(withMath).replace(
    /<h([1-4])>([\s\S]*?)<\/h\1>/g,
    (_, level, inner) => {
      const plain = sanitizeHtml(inner, {
        allowedTags: [],
        allowedAttributes: {},
      });
      const id = uniqueId(plain, headings);
      headings.push({ level: Number(level), text: plain, id });
      return `<h${level} id="${id}">${inner}</h${level}>`;
    },
  );
}

function formula(tex: string, displayMode: boolean): string {
  return katex.renderToString(tex, {
    displayMode,
    output: "mathml",
    throwOnError: false,
  });
}

function uniqueId(text: string, headings: readonly Heading[]): string {
  const base = text.toLowerCase().replace(/&[a-z]+;/g, "").replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "") || "section";
  let id = base;
  for (let i = 2; headings.some((heading) => heading.id === id); i++) {
    id = `${base}-${i}`;
  }
  return id;
}

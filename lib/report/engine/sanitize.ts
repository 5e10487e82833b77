import sanitizeHtml from "sanitize-html";
import {
  attribute,
  type Element,
  elementFrom,
  elementsOf,
  type Parent,
  parseFragment,
  replace,
  serialize,
  setAttribute,
} from "./html_tree.ts";
import { svgPicture } from "./svg_picture.ts";

/** MathML's elements, which KaTeX writes. */
const MATH_TAGS =
  "math semantics annotation mrow mi mo mn ms mtext mspace msup msub msubsup munder mover munderover mfrac msqrt mroot mtable mtr mtd mstyle mpadded menclose mphantom"
    .split(" ");

/** Attributes that MathML needs. */
const MATH_ATTRIBUTES =
  "display xmlns encoding mathvariant stretchy fence form lspace rspace accent accentunder columnalign columnspacing rowspacing scriptlevel displaystyle separator minsize maxsize width height depth voffset linethickness"
    .split(" ");

const TEXT_TAGS =
  "p br hr h1 h2 h3 h4 h5 h6 ul ol li dl dt dd blockquote pre code em strong b i s del ins sub sup kbd mark small abbr cite q a img figure figcaption table caption thead tbody tfoot tr th td colgroup col div span details summary section"
    .split(" ");

/**
 * Elements that links may lead to. Those whose id would become a property of the document itself, such as
 * images, are not among them.
 */
const ANCHORS = "a span div p h1 h2 h3 h4 h5 h6 li section dt td".split(" ");

/** Classes that pages give a meaning to; others are dropped. */
const CLASSES = [
  "notice",
  "warning",
  "info",
  "number",
  "dataframe",
  "hljs-*",
  "math-block",
  "drawing",
];

/** What pictures an `img` may show: a URL for its source, or nothing. */
export type FindPicture = (source: string) => string | undefined;

/** Types of pictures that may be embedded. */
const EMBEDDED = /^data:image\/(?:png|jpeg|gif|webp|avif|bmp|svg\+xml)[;,]/i;

/**
 * HTML without anything that could run or load: scripts, handlers, styles, links other than to pages and
 * mail, pictures other than embedded ones. An SVG becomes a picture, in which scripts don't run.
 *
 * @param find Embeds pictures that come from elsewhere, such as a notebook's attachments
 */
export function sanitize(html: string, find: FindPicture = () => undefined): Parent {
  const given = parseFragment(html);
  for (const element of elementsOf(given)) {
    if (element.tagName === "svg") replace(element, elementFrom(svgPicture(element)));
    if (element.tagName === "img") findSource(element, find);
  }
  const clean = parseFragment(sanitizeHtml(serialize(given), {
    allowedTags: [...TEXT_TAGS, ...MATH_TAGS],
    allowedAttributes: {
      "*": ["title", "role", "aria-label", "lang"],
      a: ["href"],
      img: ["src", "alt", "width", "height"],
      th: ["scope", "colspan", "rowspan"],
      td: ["colspan", "rowspan"],
      ol: ["start"],
      ...Object.fromEntries(MATH_TAGS.map((tag) => [tag, MATH_ATTRIBUTES])),
      ...Object.fromEntries(ANCHORS.map((tag) => [tag, [...OWN[tag] ?? [], "id"]])),
    },
    allowedClasses: { "*": CLASSES },
    allowedSchemes: ["http", "https", "mailto"],
    allowedSchemesByTag: { img: ["data"] },
    allowProtocolRelative: false,
    transformTags: {
      a: (tagName: string, { name, ...attribs }: Record<string, string>) => ({
        tagName,
        attribs: { ...(name ? { id: name } : {}), ...attribs } as Record<string, string>,
      }),
      img: (tagName: string, attribs: Record<string, string>) => ({
        tagName,
        attribs: { ...attribs, alt: attribs["alt"] ?? "" },
      }),
    },
    exclusiveFilter: ({ tag, attribs }: { tag: string; attribs: Record<string, string> }) =>
      tag === "img" && !EMBEDDED.test(attribs["src"] ?? ""),
    // What only JavaScript-less or ill-formed pages would show must not slip through as text.
    nonTextTags:
      "script style textarea option noscript title iframe template xmp noembed noframes plaintext"
        .split(" "),
  }));
  for (const element of elementsOf(clean)) {
    if (element.tagName === "pre") setAttribute(element, "tabindex", "0");
    if (element.tagName === "table") scrollable(element);
  }
  return clean;
}

/** What elements may have beside an id. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  a: ["href"],
  td: ["colspan", "rowspan"],
};

function findSource(image: Element, find: FindPicture): void {
  const source = attribute(image, "src") ?? "";
  if (EMBEDDED.test(source)) return;
  setAttribute(image, "src", find(source));
}

/** Puts a table into a box that scrolls, which the keyboard reaches. */
function scrollable(table: Element): void {
  const box = elementFrom(
    '<div class="scroll" tabindex="0" role="group" aria-label="Table"></div>',
  );
  replace(table, box);
  table.parentNode = box;
  box.childNodes.push(table);
}

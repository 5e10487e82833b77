import { onDark } from "../../base/on_dark.ts";
import { escapeHtml } from "../../base/text.ts";
import {
  attribute,
  type Element,
  elementFrom,
  elementsOf,
  isElement,
  type Node,
  parseFragment,
  textOf,
} from "./html_tree.ts";
import { tipsOf } from "./tips.ts";

/** The namespaces that an SVG document may need. */
const NAMESPACES = {
  "http://www.w3.org/2000/svg": "xmlns",
  "http://www.w3.org/1999/xlink": "xmlns:xlink",
  "http://www.w3.org/1999/xhtml": "xmlns",
  "http://www.w3.org/1998/Math/MathML": "xmlns",
} as const;

/** Characters that XML does not allow. */
// deno-lint-ignore no-control-regex -- these are the ones
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
/**
 * Characters that a data URL, or the attribute that it stands in, cannot have. The others stay as they are:
 * in base64 a figure whose points are a picture in base64 would be larger by a third once more.
 */
const NOT_URL = /[^\w\-.~!*()/:;,=+ @$]/gu;
const [PAPER, INK] = ["#ffffff", "#1f2933"].map((color) => ({ light: color, dark: dark(color) }));
/** The card of a figure and the texts on it, as `createFigure` makes them, where the page is dark. */
const DARK_CARD = `<svg><style>@media (prefers-color-scheme: dark) {
title + rect[fill="${PAPER!.light}"] { fill: ${PAPER!.dark}; }
title + rect[fill="${PAPER!.light}"] ~ text[fill="${INK!.light}"],
title + rect[fill="${PAPER!.light}"] ~ svg text[fill="${INK!.light}"] { fill: ${INK!.dark}; }
}</style></svg>`;

/** The style element alone: inside SVG, so that it is one of SVG's. */
function darkCard(): Element {
  return elementFrom(DARK_CARD).childNodes[0] as Element;
}

function dark(color: string): string {
  const bytes = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  return `rgb(${onDark(bytes as [number, number, number]).join(", ")})`;
}

/** Attribute names that XML allows and pictures need. */
const XML_NAME = /^[A-Za-z_][\w.-]*$/;

/**
 * An SVG document, or one inside HTML, as a picture: in it no scripts run, nothing is loaded, and nothing
 * clashes with the page. It is read as browsers read it, and written as the XML that pictures must be. One
 * without photographs is marked as a drawing, whose colors a dark page changes. Of one with photographs the
 * paper and the texts between them become dark, if it is a figure of this library. What its parts say when
 * they are pointed at goes with it.
 */
export function svgPicture(svg: string | Element): string {
  const root = typeof svg === "string" ? findSvg(svg) : svg;
  if (!root) return "";
  const title = root.childNodes.find((node) => isElement(node, "title"));
  const label = attribute(root, "aria-label") ?? (title && textOf(title)) ?? "Figure";
  const hasPhotographs = [...elementsOf(root)].some((element) =>
    isElement(element, "image") && attribute(element, "class") !== "drawing"
  );
  if (hasPhotographs) root.childNodes.unshift(darkCard());
  const url = `data:image/svg+xml,${
    toXml(root).toWellFormed().replace(NOT_URL, encodeURIComponent)
  }`;
  const tips = tipsOf(root), kind = hasPhotographs ? "" : ' class="drawing"';
  const told = tips.length === 0 ? "" : ` data-tips="${escapeHtml(JSON.stringify(tips))}"`;
  return `<img${kind} alt="${escapeHtml(label)}"${told} src="${url}">`;
}

/** Width of an SVG document in CSS pixels; 0 if it has none. */
export function svgWidth(svg: string): number {
  const width = Number.parseFloat((findSvg(svg) && attribute(findSvg(svg)!, "width")) ?? "");
  return Number.isFinite(width) ? width : 0;
}

function findSvg(svg: string): Element | undefined {
  // An XML declaration and a document type say nothing to a page.
  return parseFragment(svg).childNodes.find((node) => isElement(node, "svg")) as
    | Element
    | undefined;
}

function toXml(element: Element, above?: Element): string {
  const space = element.namespaceURI as keyof typeof NAMESPACES;
  const attributes = element.attrs
    .filter(({ name, prefix }) => XML_NAME.test(name) && name !== "xmlns" && prefix !== "xmlns")
    .map(({ name, prefix, value }) => ` ${prefix ? `${prefix}:` : ""}${name}="${xmlText(value)}"`);
  if (element.namespaceURI !== above?.namespaceURI) {
    attributes.unshift(` ${NAMESPACES[space]}="${space}"`);
    if (!above) attributes.unshift(` xmlns:xlink="http://www.w3.org/1999/xlink"`);
  }
  const inner = element.childNodes.map((node) => nodeToXml(node, element)).join("");
  return `<${element.tagName}${attributes.join("")}>${inner}</${element.tagName}>`;
}

function nodeToXml(node: Node, above: Element): string {
  if (isElement(node)) return XML_NAME.test(node.tagName) ? toXml(node, above) : "";
  return node.nodeName === "#text" ? xmlText(textOf(node)) : "";
}

function xmlText(text: string): string {
  return escapeHtml(text.replace(NOT_XML, ""));
}

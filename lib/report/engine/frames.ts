import { createHash } from "node:crypto";
import { FRAME_SHA256 } from "../../notebook/frame_type.ts";
import {
  attribute,
  type Element,
  elementsOf,
  isElement,
  parse,
  serialize,
  setAttribute,
  type Template,
} from "./html_tree.ts";

/** Pictures that a page to explore may hold. */
const SHEET = /^data:image\/webp;base64,[A-Za-z0-9+/]+=*$/;

/**
 * A digest of a page to explore without what differs from one to the next: its title, its description, its
 * points and its pictures.
 *
 * @returns `undefined` if the page is not made as this library makes them
 */
export function frameDigest(html: string): string | undefined {
  const page = parse(html);
  const elements = [...elementsOf(page)];
  const data = elements.find((element) => attribute(element, "id") === "data");
  if (!data || !isTemplate(data)) return undefined;
  const sheets = data.content.childNodes;
  for (const node of sheets) {
    if (node.nodeName === "#text") {
      if ("value" in node && node.value.trim() !== "") return undefined;
    } else if (!isElement(node, "img") || !isSheet(node)) return undefined;
  }
  data.content.childNodes = [];
  for (const name of ["data-info", "data-points"]) {
    if (attribute(data, name) === undefined) return undefined;
    setAttribute(data, name, "");
  }
  const header = elements.find(({ tagName }) => tagName === "header");
  for (const name of ["title", "h1", "p"]) {
    const own = name === "title" ? elements : header ? [...elementsOf(header)] : [];
    const element = own.find(({ tagName }) => tagName === name);
    if (!element || element.childNodes.some(({ nodeName }) => nodeName !== "#text")) {
      return undefined;
    }
    element.childNodes = [];
  }
  return createHash("sha256").update(serialize(page)).digest("hex");
}

/** Whether a page to explore is one that this library made: only these may run their script. */
export function isOwnFrame(html: string): boolean {
  return frameDigest(html) === FRAME_SHA256;
}

function isTemplate(element: Element): element is Template {
  return element.tagName === "template" && "content" in element;
}

function isSheet(image: Element): boolean {
  return image.attrs.every(({ name, value }) =>
    name === "src" ? SHEET.test(value) : name === "alt" && value === ""
  );
}

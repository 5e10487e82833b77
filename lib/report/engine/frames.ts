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
  textOf,
} from "./html_tree.ts";

/** Pictures that a page to explore may hold. */
const SHEET = /^data:image\/webp;base64,[A-Za-z0-9+/]+=*$/;

/** What a page to explore consists of. */
export interface FrameParts {
  readonly title: string;
  readonly script: string;
  /** A digest of the page without what differs from one to the next: title, description, points, pictures. */
  readonly digest: string;
}

/**
 * Reads a page to explore.
 *
 * @returns `undefined` if the page is not made as this library makes them
 */
export function frameParts(html: string): FrameParts | undefined {
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
  const textIn = (name: string) => {
    const element = elements.find(({ tagName }) => tagName === name);
    return element ? textOf(element) : "";
  };
  const title = textIn("title"), script = textIn("script");
  const header = elements.find(({ tagName }) => tagName === "header");
  for (const name of ["title", "h1", "p"]) {
    const own = name === "title" ? elements : header ? [...elementsOf(header)] : [];
    const element = own.find(({ tagName }) => tagName === name);
    if (!element || element.childNodes.some(({ nodeName }) => nodeName !== "#text")) {
      return undefined;
    }
    element.childNodes = [];
  }
  const digest = createHash("sha256").update(serialize(page)).digest("hex");
  return { title, script, digest };
}

/** The parts of a page to explore if this library made it: only these may run their script. */
export function ownFrame(html: string): FrameParts | undefined {
  const parts = frameParts(html);
  return parts?.digest === FRAME_SHA256 ? parts : undefined;
}

function isTemplate(element: Element): element is Template {
  return element.tagName === "template" && "content" in element;
}

function isSheet(image: Element): boolean {
  return image.attrs.every(({ name, value }) =>
    name === "src" ? SHEET.test(value) : name === "alt" && value === ""
  );
}

/**
 * HTML as a tree, read as browsers read it (parse5).
 *
 * @module
 */
import { type DefaultTreeAdapterTypes as Tree, parse, parseFragment, serialize } from "parse5";

/** A node of a tree. */
export type Node = Tree.Node;
/** An element of a tree. */
export type Element = Tree.Element;
/** A template, whose content stands apart from the page. */
export type Template = Tree.Template;
/** A node that has children. */
export type Parent = Tree.ParentNode;

export { parse, parseFragment, serialize };

/** Whether a node is an element (with this name). */
export function isElement(node: Node, name?: string): node is Element {
  return "tagName" in node && (name === undefined || node.tagName === name);
}

/** All elements below a node, in the order of the document, those of templates left out. */
export function* elementsOf(parent: Parent): Generator<Element> {
  for (const node of [...parent.childNodes]) {
    if (!isElement(node)) continue;
    yield node;
    yield* elementsOf(node);
  }
}

/** The value of an attribute, if the element has it. */
export function attribute(element: Element, name: string): string | undefined {
  return element.attrs.find((attr) => attr.name === name)?.value;
}

/** Sets an attribute, or takes it away. */
export function setAttribute(element: Element, name: string, value: string | undefined): void {
  const attr = element.attrs.find((attr) => attr.name === name);
  if (value === undefined) element.attrs = element.attrs.filter((each) => each !== attr);
  else if (attr) attr.value = value;
  else element.attrs.push({ name, value });
}

/** The text in a node, that of elements in `without` left out. */
export function textOf(node: Node, without: readonly string[] = []): string {
  if ("value" in node && node.nodeName === "#text") return node.value;
  if (!("childNodes" in node) || (isElement(node) && without.includes(node.tagName))) return "";
  return node.childNodes.map((child) => textOf(child, without)).join("");
}

/** Puts nodes in the place of a node. */
export function replace(node: Node & { parentNode: Parent | null }, ...others: Node[]): void {
  const parent = node.parentNode!;
  const children = parent.childNodes as Node[];
  for (const other of others) (other as { parentNode: Parent }).parentNode = parent;
  children.splice(children.indexOf(node), 1, ...others);
}

/** One element, of its HTML. */
export function elementFrom(html: string): Element {
  return parseFragment(html).childNodes.find((node) => isElement(node)) as Element;
}

import { attribute, elementsOf, isElement, type Node, parse, textOf } from "./engine/html_tree.ts";

/** A part of a report from one heading to the next, as the search finds it. */
export interface Section {
  readonly heading: string;
  /** The heading's id on its page. */
  readonly id: string;
  /** The text below it: prose alone, no code and no output. */
  readonly text: string;
}

/** Holds no prose. */
const NO_PROSE = ["pre", "details", "table", "iframe", "annotation", "script", "style"];
const HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"];

/** The sections of a report's page. */
export function sectionsOf(html: string): Section[] {
  const main = [...elementsOf(parse(html))].find(({ tagName }) => tagName === "main");
  const sections: { heading: string; id: string; texts: string[] }[] = [];
  const walk = (node: Node) => {
    if (isElement(node)) {
      if (NO_PROSE.includes(node.tagName) || attribute(node, "class") === "output") return;
      const id = attribute(node, "id");
      if (HEADINGS.includes(node.tagName) && id !== undefined) {
        sections.push({ heading: textOf(node, ["annotation"]).trim(), id, texts: [] });
        return;
      }
    }
    if (node.nodeName === "#text" && "value" in node) sections.at(-1)?.texts.push(node.value);
    if ("childNodes" in node) node.childNodes.forEach(walk);
  };
  if (main) walk(main);
  return sections.map(({ heading, id, texts }) => ({
    heading,
    id,
    text: texts.join("").replaceAll(/\s+/g, " ").trim(),
  }));
}

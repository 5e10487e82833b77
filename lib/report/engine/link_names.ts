import { escapeHtml } from "../../base/text.ts";
import {
  attribute,
  elementFrom,
  isElement,
  type Node,
  type Parent,
  parseFragment,
  replace,
  serialize,
  textOf,
} from "./html_tree.ts";

/** A name as a notebook uses it: what it is called where it is exported, and in which room. */
export interface ImportedName {
  readonly name: string;
  /** "" for the library's face. */
  readonly room: string;
}

/** `import { … } from "deep-features/room"`, or `{ … } = await import("deep-features/room")`. */
const IMPORT =
  /\{([^{}]*)\}\s*(?:from|=\s*await\s+import\s*\()\s*["'](?:@deep-features\/)?deep-features(?:\/(\w+))?["']/g;
/** `name`, `type name`, `name as other`, or `name: other`. */
const IMPORTED = /^(?:type\s+)?([\w$]+)(?:\s*(?:as\s|:)\s*([\w$]+))?$/;
const COMMENTS = /\/\/.*|\/\*[\s\S]*?\*\//g;

/** The names that code takes from the library, by what they are called in the code. */
export function importedNames(sources: readonly string[]): Map<string, ImportedName> {
  const names = new Map<string, ImportedName>();
  for (const source of sources) {
    for (const [, list, room = ""] of source.replace(COMMENTS, "").matchAll(IMPORT)) {
      for (const part of list!.split(",")) {
        const [, name, local = name] = part.trim().match(IMPORTED) ?? [];
        if (name !== undefined) names.set(local!, { name, room });
      }
    }
  }
  return names;
}

const IDENTIFIER = /[A-Za-z_$][\w$]*/g;
/** What is no code, and what is code again inside it. */
const QUOTES = ["hljs-string", "hljs-comment", "hljs-regexp"], CODE = "hljs-subst";

/**
 * Makes links of names in highlighted code, but for members of other things, keys, and what stands in
 * strings and comments.
 *
 * @param find The address for a name, if it has one
 */
export function linkNames(html: string, find: (name: string) => string | undefined): string {
  const tree = parseFragment(html), text = textOf(tree);
  let at = 0;
  const walk = (node: Node, isCode: boolean) => {
    if (node.nodeName === "#text" && "value" in node) {
      const start = at;
      at += node.value.length;
      if (isCode) linkText(node, (from, to) => isFree(text, start + from, start + to), find);
    } else if ("childNodes" in node) {
      const classes = isElement(node) ? (attribute(node, "class") ?? "").split(" ") : [];
      const inside = classes.includes(CODE) ||
        (isCode && !classes.some((name) => QUOTES.includes(name)));
      for (const child of [...node.childNodes]) walk(child, inside);
    }
  };
  walk(tree, true);
  return serialize(tree);
}

/** Whether what stands there is a name of its own: no member, and no key of an object. */
function isFree(text: string, from: number, to: number): boolean {
  const before = text.slice(Math.max(0, from - LONGEST_INDENT), from).trimEnd();
  const isMember = before.endsWith(".") && !before.endsWith("...");
  return !isMember && text[to] !== ":" && !/[\w$#]/.test(text[from - 1] ?? "");
}

/** How far before a member its dot is looked for. */
const LONGEST_INDENT = 40;

function linkText(
  node: Node & { value: string; parentNode: Parent | null },
  isWanted: (from: number, to: number) => boolean,
  find: (name: string) => string | undefined,
): void {
  const parts: Node[] = [];
  let done = 0;
  const take = (to: number) => {
    const value = node.value.slice(done, to);
    if (value) parts.push({ nodeName: "#text", value, parentNode: null } as Node);
    done = to;
  };
  for (const match of node.value.matchAll(IDENTIFIER)) {
    const [name] = match, from = match.index, to = from + name.length;
    const address = find(name);
    if (address === undefined || !isWanted(from, to)) continue;
    take(from);
    parts.push(elementFrom(`<a href="./${escapeHtml(address)}">${name}</a>`));
    done = to;
  }
  if (parts.length === 0) return;
  take(node.value.length);
  replace(node, ...parts);
}

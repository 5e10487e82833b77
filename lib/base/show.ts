import { denoInspect, type Displayable, jupyterDisplay } from "./display.ts";
import { escapeHtml } from "./text.ts";

/** A name and what is to be said of it. */
export type Fact = readonly [name: string, value: unknown];

/** A value that shows itself in a notebook, and is short in `console.log`. */
export interface Shown extends Displayable {
  /** One line. */
  [denoInspect](): string;
}

/** How long the value of a fact may be. */
const LONGEST = 120;

/** A title over a table of facts, as a MIME bundle. */
export function factsBundle(title: string, facts: readonly Fact[]): Record<string, unknown> {
  const rows = facts.map(([name, value]) => [name, inWords(value)] as const);
  const wide = Math.max(0, ...rows.map(([name]) => name.length));
  const cells = rows.map(([name, value]) =>
    `<tr><th style="text-align: left">${escapeHtml(name)}</th>` +
    `<td style="text-align: left">${escapeHtml(value)}</td></tr>`
  );
  return {
    "text/plain": [title, ...rows.map(([name, value]) => `  ${name.padEnd(wide)}  ${value}`)]
      .join("\n"),
    "text/html": `<table><caption>${escapeHtml(title)}</caption><tbody>${
      cells.join("")
    }</tbody></table>`,
  };
}

/** The same facts in one line. */
export function factsLine(title: string, facts: readonly Fact[]): string {
  if (facts.length === 0) return title;
  return `${title} { ${facts.map(([name, value]) => `${name}: ${inWords(value)}`).join(", ")} }`;
}

/**
 * Lets a plain object, or all objects of a prototype, show facts of themselves. What is added is hidden: it is
 * not copied with the object, and no comparison sees it.
 *
 * @returns The same object
 */
export function showable<T extends object>(
  object: T,
  title: string | ((self: T) => string),
  facts: (self: T) => readonly Fact[],
  lineFacts = facts,
): T {
  const titleOf = (self: T) => typeof title === "string" ? title : title(self);
  const hidden = { configurable: true, writable: true, enumerable: false };
  return Object.defineProperties(object, {
    [jupyterDisplay]: {
      ...hidden,
      value(this: T) {
        return factsBundle(titleOf(this), facts(this));
      },
    },
    [denoInspect]: {
      ...hidden,
      value(this: T) {
        return factsLine(titleOf(this), lineFacts(this));
      },
    },
  });
}

/** An estimator's parameters, and what it has learned if it is fitted. */
export function estimatorFacts<F extends { readonly classes: Int32Array }>(
  options: object,
  fitted: F | undefined,
  learned: (fitted: F) => readonly Fact[],
): Fact[] {
  const facts: Fact[] = Object.entries(options);
  if (!fitted) return [...facts, ["fitted", "not yet"]];
  return [...facts, ["classes", fitted.classes], ...learned(fitted)];
}

/** A value in a few words: numbers as they are, lists cut where they are long. */
function inWords(value: unknown): string {
  const isList = Array.isArray(value) || ArrayBuffer.isView(value);
  const text = typeof value === "string"
    ? value
    : isList
    ? Array.from(value as ArrayLike<unknown>, String).join(", ")
    : typeof value === "object" && value !== null
    ? JSON.stringify(value)
    : String(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}

/** Where the facts of a run are kept, by whichever copy of the library. */
const FACTS = Symbol.for("deep-features.run-facts");

/** What the library tells of a run by itself: each fact's values, those noted twice once. */
export type RunFactValues = Record<string, (string | number)[]>;

/**
 * Notes something that a report is to say of this run: which preset a notebook reads, on how many
 * threads it computes. It is taken from what happened and not from the environment, as a notebook may
 * set it in a cell.
 */
export function noteRunFact(name: string, ...values: readonly (string | number)[]): void {
  const place = globalThis as { [FACTS]?: RunFactValues };
  const noted = (place[FACTS] ??= {})[name] ??= [];
  for (const value of values) if (!noted.includes(value)) noted.push(value);
}

/** An expression that reads what was noted, for a kernel that is asked from outside. */
export const RUN_FACTS_CODE = `globalThis[Symbol.for("${FACTS.description}")] ?? {}`;

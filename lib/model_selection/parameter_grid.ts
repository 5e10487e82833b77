import { describe, suggestion } from "../base/check.ts";
import type { Classifier } from "../base/classifier.ts";

/** A grid: for each parameter the values to try. */
export type ParameterGrid<P> = { readonly [K in keyof P]?: readonly P[K][] };

/** A parameter whose best value is the least or the greatest that was tried. */
export interface GridEdge {
  readonly parameter: string;
  readonly value: number;
  readonly side: "least" | "greatest";
}

/**
 * All combinations of a grid's values; the last parameter varies fastest.
 *
 * @throws {TypeError} If the grid is no plain object of arrays
 * @throws {RangeError} If there is no parameter, or one without values
 */
export function combinationsOf<P extends object>(grid: ParameterGrid<P>): Partial<P>[] {
  const prototype = typeof grid === "object" && grid !== null ? Object.getPrototypeOf(grid) : 0;
  if (prototype !== null && prototype !== Object.prototype) {
    throw new TypeError(
      `GridSearch: the grid must be a plain object of parameters with their values, got ${
        describe(grid)
      }`,
    );
  }
  const entries = Object.entries(grid).filter(([, values]) => values !== undefined);
  if (entries.length === 0) throw new RangeError("GridSearch: the grid has no parameters to try");
  let combinations: Partial<P>[] = [{}];
  for (const [name, values] of entries as [string, unknown][]) {
    const isList = Array.isArray(values) || ArrayBuffer.isView(values);
    if (!isList || values instanceof DataView) {
      throw new TypeError(
        `GridSearch: the values of ${name} must be an array, got ${describe(values)}`,
      );
    }
    const list = Array.from(values as ArrayLike<P[keyof P]>);
    if (list.length === 0) throw new RangeError(`GridSearch: the grid has no values for ${name}`);
    if (new Set(list).size < list.length) {
      throw new RangeError(`GridSearch: the grid has a value of ${name} twice`);
    }
    combinations = combinations.flatMap((combination) =>
      list.map((value) => ({ ...combination, [name]: value }))
    );
  }
  return combinations;
}

/**
 * Makes a classifier of each combination.
 *
 * @throws {TypeError} If one is no classifier, or has no such parameter (with the nearest that it has)
 * @throws {RangeError} If the maker does not use a parameter, so that nothing would be searched
 */
export function makeAll<P extends object, E extends Classifier>(
  make: (parameters: Partial<P>) => E,
  combinations: readonly Partial<P>[],
): E[] {
  const estimators = combinations.map((combination) => {
    const estimator: unknown = make(combination);
    assertClassifier(estimator);
    const { options } = estimator;
    for (const name of Object.keys(combination)) {
      // An option that is not given, and has no default, is no property of the options.
      const isGiven = combination[name as keyof P] !== undefined;
      if (!isGiven || Object.hasOwn(options, name)) continue;
      throw new TypeError(
        `GridSearch: ${estimator.constructor.name} has no parameter "${name}"${
          suggestion(name, Object.keys(options))
        }`,
      );
    }
    return estimator as E;
  });
  const names = Object.keys(combinations[0]!) as (keyof P & string)[];
  for (const name of names) {
    const values = new Set(combinations.map((combination) => keyOf(combination[name])));
    const used = new Set(
      estimators.map(({ options }) => keyOf((options as Record<string, unknown>)[name])),
    );
    if (used.size >= values.size) continue;
    throw new RangeError(
      `GridSearch: ${values.size} values of ${name} make classifiers with ${used.size}: ` +
        "hand the parameters on to the classifier",
    );
  }
  return estimators;
}

function assertClassifier(value: unknown): asserts value is Classifier {
  const isClassifier = typeof value === "object" && value !== null &&
    ["fit", "predict"].every((name) => typeof Reflect.get(value, name) === "function") &&
    typeof Reflect.get(value, "options") === "object" && Reflect.get(value, "options") !== null;
  if (isClassifier) return;
  throw new TypeError(
    "GridSearch: make(parameters) must return a classifier with options, fit and predict, got " +
      describe(value),
  );
}

function keyOf(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : `${typeof value} ${String(value)}`;
}

/** The numeric parameters of which three values or more were tried, and the best is the last of them. */
export function edgesOf<P extends object>(
  best: Partial<P>,
  combinations: readonly Partial<P>[],
): GridEdge[] {
  return (Object.keys(best) as (keyof P & string)[]).flatMap((parameter): GridEdge[] => {
    const value: unknown = best[parameter];
    const tried = combinations.map((combination) => combination[parameter] as unknown);
    const numbers = [...new Set(tried)].filter((each) => typeof each === "number");
    if (typeof value !== "number" || numbers.length < 3) return [];
    if (value === Math.min(...numbers)) return [{ parameter, value, side: "least" }];
    if (value === Math.max(...numbers)) return [{ parameter, value, side: "greatest" }];
    return [];
  });
}

/** The parameters for people: numbers with three digits. */
export function inWords(parameters: object): string {
  const text = (value: unknown) =>
    typeof value === "number" ? String(Number(value.toPrecision(3))) : JSON.stringify(value);
  return Object.entries(parameters).map(([name, value]) => `${name} = ${text(value)}`).join(", ");
}

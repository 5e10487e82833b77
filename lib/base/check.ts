/**
 * What an option may be is said once, in a table beside the options' type; one function holds a caller's
 * options to it. So equal facts read equally in every error, and a misspelt name is told at once.
 *
 * @module
 */
import { closest, distance } from "fastest-levenshtein";

/** What one value may be. */
export interface Rule {
  /** Ends the sentence "… must be", as in `"positive"`. */
  readonly wanted: string;
  /** Whether the value is of the right kind; if not, the error is a TypeError. */
  readonly isKind: (value: unknown) => boolean;
  /** Whether a value of the right kind may be used; if not, the error is a RangeError. */
  readonly allows: (value: unknown) => boolean;
}

/** A rule for every option of `T`: the compiler tells when one is missing. */
export type Rules<T> = { readonly [K in keyof Required<T>]: Rule };

const isNumber = (value: unknown) => typeof value === "number";

/** A finite number above 0. */
export const positive: Rule = {
  wanted: "positive",
  isKind: isNumber,
  allows: (value) => (value as number) > 0 && Number.isFinite(value),
};

/** A finite number from `min` to `max`, both allowed. */
export function between(min: number, max: number): Rule {
  return {
    wanted: max === Infinity
      ? min === -Infinity ? "a finite number" : `a finite number of at least ${min}`
      : `a number from ${min} to ${max}`,
    isKind: isNumber,
    allows: (value) =>
      Number.isFinite(value) && (value as number) >= min && (value as number) <= max,
  };
}

/** A share that leaves something: at least 0 and below 1. */
export const share: Rule = {
  wanted: "at least 0 and below 1",
  isKind: isNumber,
  allows: (value) => (value as number) >= 0 && (value as number) < 1,
};

/** A finite number. */
export const finite: Rule = between(-Infinity, Infinity);

/** A whole number from `min` to `max`, both allowed. */
export function whole(min = 0, max = Number.MAX_SAFE_INTEGER): Rule {
  return {
    wanted: max === Number.MAX_SAFE_INTEGER
      ? min === Number.MIN_SAFE_INTEGER ? "a whole number" : `a whole number of at least ${min}`
      : `a whole number from ${min} to ${max}`,
    isKind: isNumber,
    allows: (value) =>
      Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
  };
}

/** A whole number that seeds random numbers. */
export const seed: Rule = whole(Number.MIN_SAFE_INTEGER);

/** One of a few values. */
export function oneOf(...values: readonly (string | number)[]): Rule {
  const texts = values.map((value) => JSON.stringify(value));
  const last = texts.at(-1)!;
  return {
    wanted: texts.length === 1 ? last : `${texts.slice(0, -1).join(", ")} or ${last}`,
    isKind: (value) => values.some((known) => typeof known === typeof value),
    allows: (value) => values.includes(value as string | number),
  };
}

/** What one of several rules allows. */
export function either(...rules: readonly Rule[]): Rule {
  return {
    wanted: rules.map((rule) => rule.wanted).join(" or "),
    isKind: (value) => rules.some((rule) => rule.isKind(value)),
    allows: (value) => rules.some((rule) => rule.isKind(value) && rule.allows(value)),
  };
}

const anything = () => true;

/** True or false. */
export const flag: Rule = {
  wanted: "true or false",
  isKind: (value) => typeof value === "boolean",
  allows: anything,
};

/** A text. */
export const text: Rule = {
  wanted: "a text",
  isKind: (value) => typeof value === "string",
  allows: anything,
};

/** A function. */
export const callable: Rule = {
  wanted: "a function",
  isKind: (value) => typeof value === "function",
  allows: anything,
};

/** An object that is made by `constructor`, as in `instance(AbortSignal)`. */
export function instance(constructor: { readonly name: string }): Rule {
  return {
    wanted: `an instance of ${constructor.name}`,
    isKind: (value) => value instanceof (constructor as unknown as new () => unknown),
    allows: anything,
  };
}

/** An array (or typed array) whose every element follows `rule`. */
export function listOf(rule: Rule, wanted = `an array, each element ${rule.wanted}`): Rule {
  const isList = (value: unknown) =>
    Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
  return {
    wanted,
    isKind: (value) => isList(value) && Array.from(value as ArrayLike<unknown>).every(rule.isKind),
    allows: (value) => Array.from(value as ArrayLike<unknown>).every(rule.allows),
  };
}

/** An object of names and values, such as options: no list, and nothing that is not there. */
export function record(wanted = "an object", allows: (value: object) => boolean = anything): Rule {
  return {
    wanted,
    isKind: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    allows: (value) => allows(value as object),
  };
}

/** A rule of its own, for what the others do not say. */
export function custom(
  wanted: string,
  isKind: (value: unknown) => boolean,
  allows: (value: unknown) => boolean = anything,
): Rule {
  return { wanted, isKind, allows };
}

/**
 * Holds a caller's options to their rules. An option that is `undefined` counts as not given.
 *
 * @param owner Whose options they are, as in `"Svc"`; errors begin with it
 * @throws {TypeError} If `options` is no object, holds a name that has no rule (with the nearest that has),
 *   or a value of the wrong kind
 * @throws {RangeError} If a value is of the right kind, but not one that can be used
 */
export function checkOptions<T extends object>(owner: string, options: T, rules: Rules<T>): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`${owner}: options must be an object, got ${describe(options)}`);
  }
  const known = Object.keys(rules);
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(rules, name)) {
      throw new TypeError(`${owner} has no option "${name}"${suggestion(name, known)}`);
    }
    if (value !== undefined) checkValue(`${owner}: ${name}`, value, rules[name as keyof T]);
  }
}

/**
 * Holds one value to a rule.
 *
 * @param name What errors begin with
 * @throws {TypeError} If the value is of the wrong kind
 * @throws {RangeError} If it is of the right kind, but not one that can be used
 */
export function checkValue(name: string, value: unknown, rule: Rule): void {
  if (!rule.isKind(value)) {
    throw new TypeError(`${name} must be ${rule.wanted}, got ${describe(value)}`);
  }
  if (!rule.allows(value)) {
    throw new RangeError(`${name} must be ${rule.wanted}, got ${describe(value)}`);
  }
}

/** The options over the defaults; one that is `undefined` leaves the default. */
export function withDefaults<D extends object, T extends object>(defaults: D, options: T): D & T {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) } as D & T;
}

/** As many known names as an error lists; of more, the nearest. */
const MOST_LISTED = 24;

/**
 * The end of a sentence about an unknown name: the nearest of those that are known, and all of them, or, of very
 * many, those that are near.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { suggestion } from "./check.ts";
 *
 * assert(suggestion("c", ["C", "gamma"]) === ': did you mean "C"? It knows C, gamma');
 * ```
 */
export function suggestion(name: string, known: readonly string[]): string {
  const all = `It knows ${listed(name, known)}`;
  const lower = known.map((each) => each.toLowerCase());
  if (known.length === 0) return ": it knows none";
  const nearest = closest(name.toLowerCase(), lower);
  const isNear = distance(name.toLowerCase(), nearest) <= Math.max(1, Math.ceil(name.length / 2));
  return isNear ? `: did you mean "${known[lower.indexOf(nearest)]}"? ${all}` : `. ${all}`;
}

function listed(name: string, known: readonly string[]): string {
  if (known.length <= MOST_LISTED) return known.join(", ");
  const wanted = name.toLowerCase();
  const near = known.map((each) => ({ each, far: distance(wanted, each.toLowerCase()) }))
    .sort((a, b) => a.far - b.far).slice(0, MOST_LISTED).map(({ each }) => each);
  return `${near.join(", ")} and ${known.length - MOST_LISTED} more`;
}

/** A value for people: texts in quotes, objects by their class. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return value.length > 8 ? `an array of ${value.length}` : inList(value);
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) {
    const name = value.constructor?.name;
    return !name || name === "Object" ? "a plain object" : `an object of class ${name}`;
  }
  return String(value);
}

function inList(values: readonly unknown[]): string {
  return `[${values.map(describe).join(", ")}]`;
}

import type { Classifier } from "../../base/classifier.ts";
import { KNeighborsClassifier } from "../../classifiers/k_neighbors.ts";
import { LinearSvc } from "../../classifiers/linear_svc.ts";
import { LogisticRegression } from "../../classifiers/logistic_regression.ts";
import { RandomForestClassifier } from "../../classifiers/random_forest.ts";
import { Svc } from "../../svm/svc.ts";

type ClassifierClass = new (options: Record<string, never>) => Classifier;

/** The classes of classifiers that a job may name. */
const CLASSES: Readonly<Record<string, ClassifierClass>> = {
  KNeighborsClassifier,
  LinearSvc,
  LogisticRegression,
  RandomForestClassifier,
  Svc,
};

/** The name of a classifier's class; undefined if it is none of this library's, or derived from one. */
export function classNameOf({ constructor }: Classifier): string | undefined {
  return Object.keys(CLASSES).find((name) => CLASSES[name] === constructor);
}

/**
 * Makes a classifier that a job names.
 *
 * @throws {RangeError} If there is no such class
 * @throws {TypeError} If it has no such option
 */
export function makeClassifier(name: string, options: Record<string, unknown>): Classifier {
  const Class = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
  if (!Class) throw new RangeError(`There is no classifier ${name}`);
  const given = Object.entries(options)
    .map(([option, value]) => [option, value === "Infinity" ? Infinity : value]);
  return new Class(Object.fromEntries(given) as Record<string, never>);
}

/** Options as JSON holds them; undefined if it cannot. */
export function writeOptions(options: object): Record<string, unknown> | undefined {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, value === Infinity ? "Infinity" : value]);
  return given.every(([, value]) => isPlain(value)) ? Object.fromEntries(given) : undefined;
}

function isPlain(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isPlain);
  if (typeof value !== "object" || value === null) {
    return value === null || typeof value === "string" || typeof value === "boolean";
  }
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every(isPlain);
}

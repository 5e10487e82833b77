import { homedir } from "node:os";
import { pathToFileURL } from "node:url";
import { resolve } from "@std/path";

/** Paths of this machine that outputs must not show: the project's folder. */
const PROJECT = resolve(import.meta.dirname!, "../../..");

/** What a folder's name may go on with: then it is another folder's. */
const GOES_ON = String.raw`(?![\w-]|\.\w)`;
/** What a path may begin with: then this is the end of another. */
const NO_BEGIN = String.raw`(?<![\w.~/\\-])`;

/** Longer ones first: a home folder may hold the project. */
const RULES: readonly (readonly [RegExp, string])[] = [
  ...within(pathToFileURL(PROJECT).href, "", "."),
  ...within(PROJECT, "", "."),
  ...(homedir().length > 1 ? within(homedir(), "~/").slice(0, 1) : []),
];

/** Makes paths in the project relative to it, and writes the home folder as a tilde. */
export function hidePaths(text: string): string {
  for (const [pattern, short] of RULES) text = text.replace(pattern, short);
  return text;
}

function within(folder: string, inside: string, itself = folder): (readonly [RegExp, string])[] {
  const name = `${NO_BEGIN}${folder.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`;
  return [[new RegExp(String.raw`${name}[/\\]`, "g"), inside], [
    new RegExp(name + GOES_ON, "g"),
    itself,
  ]];
}

/** Takes this machine's paths out of a value of text, at any depth; pictures are left as they are. */
export function hidePathsIn<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value),
    (key, part) => typeof part === "string" && !isPicture(key) ? hidePaths(part) : part,
  );
}

/** Base64 may hold what looks like a path. */
function isPicture(type: string): boolean {
  return /^(image\/(?!svg)|audio\/|video\/|application\/(pdf|octet-stream))/.test(type);
}

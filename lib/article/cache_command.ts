/**
 * `deno task cache` lists what is kept in the cache: name, size, date and settings. `--prune` deletes: the
 * entries that are named, those made more than `--older-than DAYS` ago, those whose settings cannot be
 * read (`--unreadable`), or `--all`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { suggestion } from "../base/check.ts";
import { type CacheEntry, listCache, pruneCache } from "./list_cache.ts";

const DAY = 24 * 60 * 60 * 1000;

/** Runs the command; returns the exit code. */
export async function cacheCommand(
  args: readonly string[],
  { folder, print = console.log }: {
    readonly folder?: string | undefined;
    readonly print?: ((line: string) => void) | undefined;
  } = {},
): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        prune: { type: "boolean", default: false },
        all: { type: "boolean", default: false },
        unreadable: { type: "boolean", default: false },
        "older-than": { type: "string" },
      },
    });
  } catch (error) {
    print((error as Error).message);
    return 2;
  }
  const { values, positionals } = parsed;
  const entries = await listCache(folder);
  if (!values.prune) {
    if (positionals.length > 0 || values.all || values.unreadable || values["older-than"]) {
      print("Nothing is deleted without --prune");
      return 2;
    }
    for (const entry of entries) print(inWords(entry));
    print(`${entries.length} kept, ${mebibytes(entries)} MiB`);
    return 0;
  }
  const days = values["older-than"];
  if (days !== undefined && !(Number(days) >= 0)) {
    print(`--older-than must be a number of days, got ${days}`);
    return 2;
  }
  const unknown = positionals.find((name) => !entries.some((entry) => entry.name === name));
  if (unknown !== undefined) {
    print(`Nothing is kept as ${unknown}${suggestion(unknown, entries.map(({ name }) => name))}`);
    return 2;
  }
  if (positionals.length === 0 && !values.all && !values.unreadable && days === undefined) {
    print("--prune needs names, --older-than DAYS, --unreadable or --all");
    return 2;
  }
  const doomed = entries.filter(({ name, settings, date }) =>
    values.all || positionals.includes(name) || (values.unreadable && !settings) ||
    (days !== undefined && Date.now() - date.getTime() > Number(days) * DAY)
  );
  await pruneCache(doomed);
  for (const { name } of doomed) print(`deleted ${name}`);
  print(`${doomed.length} deleted, ${mebibytes(doomed)} MiB free again`);
  return 0;
}

function inWords({ name, bytes, date, settings }: CacheEntry): string {
  const size = `${(bytes / 2 ** 20).toFixed(2)} MiB`.padStart(12);
  const text = settings
    ? Object.entries(settings).map(([key, value]) => `${key}: ${brief(value)}`).join(", ")
    : "settings unreadable";
  return `${name.padEnd(30)} ${size}  ${
    date.toISOString().slice(0, 16).replace("T", " ")
  }  ${text}`;
}

/** Digests by their first digits. */
function brief(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^[0-9a-f]{16,}$/.test(text) ? `${text.slice(0, 8)}…` : text;
}

function mebibytes(entries: readonly CacheEntry[]): string {
  return (entries.reduce((sum, { bytes }) => sum + bytes, 0) / 2 ** 20).toFixed(1);
}

if (import.meta.main) Deno.exit(await cacheCommand(Deno.args));

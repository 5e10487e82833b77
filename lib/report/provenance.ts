import { formatSeconds } from "../notebook/progress.ts";

/** Where a report comes from: what one must know to make it again, or to tell two apart. */
export interface Provenance {
  /** Whether the notebook was run for the report; otherwise the outputs that it held are shown. */
  readonly wasRun: boolean;
  /** When the report was written: ISO 8601, to the second. */
  readonly date: string;
  /** Version of Deno. */
  readonly deno: string;
  /** The first cell that did not run to its end, from 1. */
  readonly failedCell?: number;
  /** How long the notebook took, in seconds. */
  readonly seconds?: number;
  /** The commit of the project's folder, if it is under Git. */
  readonly commit?: string;
  /** Whether files differed from the commit, or were not in it, when the run began. */
  readonly isChanged?: boolean;
  /** What the notices in the report say, the images' source among them. */
  readonly notices: readonly string[];
  /** The presets that the notebook read. */
  readonly preset?: readonly string[];
  /** The seeds that they name. */
  readonly seeds?: readonly number[];
  /** On how many threads the library's kernels ran. */
  readonly threads?: readonly number[];
  /** Which BLAS of the machine computed wide matrix products. */
  readonly blas?: readonly string[];
  /** Most memory that the kernel's process held, in bytes. */
  readonly peakBytes?: number;
}

/** The state of a folder under Git. */
export type Commit = Pick<Provenance, "commit" | "isChanged">;

const GIB = 2 ** 30, MIB = 2 ** 20;
/** Characters of a commit that a page shows. */
const SHORT_COMMIT = 10;

/** What was known at the start of a run, and what the kernel told at its end. */
export function makeProvenance(
  run: Pick<Provenance, "wasRun" | "seconds" | "failedCell" | "notices">,
  commit: Commit,
  facts: Record<string, unknown>,
  now = new Date(),
): Provenance {
  const { wasRun, seconds, failedCell, notices } = run;
  const common = {
    wasRun,
    date: `${now.toISOString().slice(0, 19)}Z`,
    deno: Deno.version.deno,
    ...(failedCell === undefined ? {} : { failedCell }),
    notices,
  };
  // Outputs that were only rendered may be of another commit, another machine and another Deno.
  if (!wasRun) return common;
  const preset = list(facts["preset"], "string"), seeds = list(facts["seeds"], "number");
  const threads = list(facts["threads"], "number"), blas = list(facts["blas"], "string");
  const peak = facts["peakKiB"];
  return {
    ...common,
    ...(seconds === undefined ? {} : { seconds }),
    ...commit,
    ...(preset ? { preset } : {}),
    ...(seeds ? { seeds } : {}),
    ...(threads ? { threads } : {}),
    ...(blas ? { blas } : {}),
    ...(typeof peak === "number" && peak > 0 ? { peakBytes: 1024 * peak } : {}),
  };
}

/** Values that a notebook could have changed: only what they are meant to be is taken. */
function list<T extends "string" | "number">(value: unknown, type: T) {
  const isList = Array.isArray(value) && value.length > 0 &&
    value.every((item) => typeof item === type);
  return isList ? value as (T extends "string" ? string : number)[] : undefined;
}

/** A provenance in words: names and values, what is not known left out. */
export function describeProvenance(provenance: Provenance): [name: string, value: string][] {
  const { wasRun, date, deno, failedCell, seconds, commit, isChanged } = provenance;
  const { notices, preset, seeds, threads, blas, peakBytes } = provenance;
  const rows: [string, string | undefined][] = [
    ["Run", wasRun ? undefined : "not run now: the outputs are those that the notebook held"],
    ["Stopped", failedCell === undefined ? undefined : `cell ${failedCell} did not run to its end`],
    ["Preset", preset?.join(", ")],
    ["Seeds", seeds?.join(", ")],
    ["Notices", notices.length > 0 ? notices.join(" · ") : undefined],
    ["Commit", commit && commit.slice(0, SHORT_COMMIT) + (isChanged ? ", changed" : "")],
    [wasRun ? "Deno" : "Rendered by Deno", deno],
    ["Threads", threads?.join(", ")],
    ["BLAS", blas?.join(", ")],
    ["Time", seconds === undefined ? undefined : formatSeconds(seconds)],
    ["Peak memory", peakBytes === undefined ? undefined : formatBytes(peakBytes)],
    [wasRun ? "Date" : "Rendered", date.slice(0, 10)],
  ];
  return rows.filter((row): row is [string, string] => row[1] !== undefined);
}

function formatBytes(bytes: number): string {
  return bytes < GIB ? `${Math.round(bytes / MIB)} MiB` : `${(bytes / GIB).toFixed(1)} GiB`;
}

/**
 * The commit of a folder, and whether it was changed since; nothing without Git, or where the folder is not
 * the top of what is under it: then another project's commit would be told.
 */
export async function readCommit(folder: string): Promise<Commit> {
  try {
    if (await git(folder, "rev-parse", "--show-prefix") !== "") return {};
    const commit = await git(folder, "rev-parse", "HEAD");
    return { commit, isChanged: await git(folder, "status", "--porcelain") !== "" };
  } catch {
    return {};
  }
}

async function git(folder: string, ...args: string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command("git", {
    // It only reads: another Git at work in the folder must not be kept waiting.
    args: ["--no-optional-locks", ...args],
    cwd: folder,
    stdin: "null",
    stderr: "null",
  }).output();
  if (!success) throw new Error(`git ${args[0]} failed`);
  return new TextDecoder().decode(stdout).trim();
}

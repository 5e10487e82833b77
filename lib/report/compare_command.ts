/**
 * `deno task compare A B`: shows in what the figures of two reports differ. See `compare.ts`.
 *
 * @module
 */
import { basename, join, resolve } from "@std/path";
import { compareMetrics, formatComparison } from "./compare.ts";
import { METRICS_ENDING, readMetrics } from "./metrics.ts";

const USAGE = `Shows in what the figures of two runs differ, and where both come from.

  deno task compare A B

  A, B   folders of reports, or files NAME${METRICS_ENDING} beside them

Figures are those of the reports' tables, as the pages show them. Ends with exit code 0 whether they
differ or not.
`;

/** Where the command was given: tasks run in the project's folder. */
const HERE = Deno.env.get("INIT_CWD") ?? Deno.cwd();

Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    console.log(USAGE);
    return 0;
  }
  try {
    const [a, b, ...more] = args;
    if (a === undefined || b === undefined || more.length > 0) {
      throw new RangeError(`Two runs are compared, got ${args.length}\n\n${USAGE}`);
    }
    await compare(await filesOf(a), await filesOf(b));
    return 0;
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
}

async function compare(a: Map<string, string>, b: Map<string, string>): Promise<void> {
  // Two files are compared whatever their names are.
  if (a.size === 1 && b.size === 1) {
    const [[name, path]] = [...a] as [[string, string]],
      [[otherName, other]] = [...b] as [[string, string]];
    return await show(name === otherName ? name : `${name} | ${otherName}`, path, other);
  }
  const names = [...new Set([...a.keys(), ...b.keys()])].sort();
  for (const name of names) {
    const path = a.get(name), other = b.get(name);
    if (path !== undefined && other !== undefined) await show(name, path, other);
    else {console.log(
        `━━ ${name}: only ${path === undefined ? "the second" : "the first"} has it\n`,
      );}
  }
}

async function show(name: string, path: string, other: string): Promise<void> {
  const comparison = compareMetrics(await readMetrics(path), await readMetrics(other));
  console.log(`━━ ${name}\n\n${formatComparison(comparison)}\n`);
}

/** The files of metrics that are named, by the names of their reports. */
async function filesOf(name: string): Promise<Map<string, string>> {
  const path = resolve(HERE, name);
  const info = await Deno.stat(path).catch(() => undefined);
  if (!info) throw new RangeError(`Cannot find ${name}`);
  const paths = [];
  if (info.isFile) paths.push(path);
  else {
    for await (const entry of Deno.readDir(path)) {
      if (entry.isFile && entry.name.endsWith(METRICS_ENDING)) paths.push(join(path, entry.name));
    }
    if (paths.length === 0) {
      throw new RangeError(
        `No ${METRICS_ENDING} is in ${name}: deno task report writes them beside its pages`,
      );
    }
  }
  return new Map(paths.map((path) => [basename(path, METRICS_ENDING), path]));
}

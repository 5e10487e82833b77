/**
 * `deno task worker`: takes jobs from a queue until it is stopped.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { runWorker } from "./worker.ts";

const USAGE = `Takes jobs of sweeps from a queue until it is stopped: see docs/sweeps.md.

  SWEEP_QUEUE=redis://user:password@host:6379 deno task worker [options]

  --jobs N      jobs at a time, each in a process of its own (default 1)
  --threads N   threads of each job (default: the cores, shared out)
  --memory GIB  what all jobs together may take (default: three quarters of the machine's)
  --grace S     seconds that what runs may go on when the worker is told to end (SIGTERM, Ctrl-C); then it is
                given back to the queue (default 20)
  --lock S      seconds without a heartbeat after which a job counts as abandoned (default 20)

Prints a line for each job. Exit code: 0; 1 if the queue cannot be used; 2 if the call is wrong.
Environment: SWEEP_QUEUE, ARTICLE_CACHE (where data and results are kept), COMPUTE: see README.md.
`;

/** Runs the command; returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  let options: Record<string, number>;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        jobs: { type: "string" },
        threads: { type: "string" },
        memory: { type: "string" },
        grace: { type: "string" },
        lock: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) {
      console.log(USAGE);
      return 0;
    }
    const { help: _, ...given } = values;
    options = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, Number(value)]),
    );
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  const address = Deno.env.get("SWEEP_QUEUE");
  if (!address) {
    console.error("SWEEP_QUEUE must name the queue, as in redis://user:password@host:6379");
    return 2;
  }
  const stop = new AbortController();
  const signals = Deno.build.os === "windows"
    ? ["SIGINT"] as const
    : ["SIGINT", "SIGTERM"] as const;
  for (const name of signals) Deno.addSignalListener(name, () => stop.abort());
  try {
    const { jobs, threads, memory: memoryGiB, grace: graceSeconds, lock: lockSeconds } = options;
    const own = { jobs, threads, memoryGiB, graceSeconds, lockSeconds };
    await runWorker(address, { ...own, signal: stop.signal });
    return 0;
  } catch (error) {
    console.error((error as Error).message);
    return error instanceof TypeError || error instanceof RangeError ? 2 : 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));

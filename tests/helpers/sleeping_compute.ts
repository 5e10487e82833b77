/**
 * What computes in tests that are about the queue: jobs to score say by their options how long they take, and what
 * goes wrong; each that begins is told in the file that SLEEP_LOG names.
 */
import { writeEntry } from "../../lib/article/cache.ts";
import { computeJobs } from "../../lib/sweep/engine/compute_process.ts";
import { pathOf } from "../../lib/sweep/engine/kept_files.ts";
import type { ScoreParameters } from "../../lib/sweep/job.ts";

await computeJobs({
  async score(job) {
    const [{ ms = 0, wrong } = {}] = (job.parameters as ScoreParameters).options;
    const log = Deno.env.get("SLEEP_LOG");
    if (log) await Deno.writeTextFile(log, `${job.name}\n`, { append: true });
    await new Promise((resolve) => setTimeout(resolve, Number(ms)));
    if (wrong === "throws") throw new RangeError("gamma must be positive, got -1");
    if (wrong === "ends") Deno.exit(9);
    await writeEntry(`${pathOf(job.name)}.json`, {}, { slept: ms });
  },
});

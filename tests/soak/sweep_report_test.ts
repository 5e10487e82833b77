// 05_beyond over four networks, once in one process and once on two workers: the same but for seconds.
import assert from "node:assert/strict";
import { join } from "@std/path";
import { compareMetrics, formatComparison } from "../../lib/report/compare.ts";
import type { Metrics } from "../../lib/report/metrics.ts";
import { PROJECT } from "../helpers/notebooks.ts";
import { PROGRAM, RedisServer } from "../helpers/redis_server.ts";
import { SweepWorker } from "../helpers/sweep_workers.ts";

const NAME = "05_beyond";

/** Runs the notebook; returns the folder of its report. */
async function report(folder: string, queue: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "report", NAME, "--out", folder],
    cwd: PROJECT,
    env: {
      PRESET: "quick",
      SEEDS: "4",
      CIFAR10_OFFLINE: "1",
      CIFAR10_ARCHIVE: "",
      COMPUTE: "simd",
      ARTICLE_CACHE: join(folder, "cache"),
      SWEEP_QUEUE: queue,
      NO_COLOR: "1",
    },
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.equal(code, 0, text.slice(-4000));
  return folder;
}

/** What cells printed, lines of progress and seconds left out. */
async function printed(folder: string): Promise<string[]> {
  const { cells } = JSON.parse(await Deno.readTextFile(join(folder, `${NAME}.report.ipynb`)));
  const texts: string[] = cells.flatMap((cell: { outputs?: { text?: string | string[] }[] }) =>
    (cell.outputs ?? []).map(({ text = "" }) => [text].flat().join(""))
  );
  return texts.join("\n").split("\n").filter((line) =>
    line !== "" && !/ % in |thread|: about .* in all$/.test(line)
  );
}

Deno.test({
  name: "05_beyond on two workers says what it says in one process, but for seconds",
  ignore: !PROGRAM,
  async fn() {
    const top = await Deno.makeTempDir();
    try {
      const here = await report(join(top, "here"), "");
      await using server = await RedisServer.start("everysec");
      const { address } = server;
      await using first = await SweepWorker.start({ address });
      await using second = await SweepWorker.start({ address });
      const swept = await report(join(top, "swept"), address);
      const [a, b] = await Promise.all(
        [here, swept].map(async (folder) =>
          JSON.parse(await Deno.readTextFile(join(folder, `${NAME}.metrics.json`))) as Metrics
        ),
      );
      const comparison = compareMetrics(a!, b!);
      console.log(formatComparison(comparison));
      assert.deepEqual(
        comparison.tables.map(({ caption }) => caption).filter((each) => !/^Seconds/.test(each)),
        [],
      );
      assert.ok(comparison.compared > 200, `${comparison.compared}`);
      assert.deepEqual(await printed(swept), await printed(here));
      for (const { lines } of [first, second]) {
        const done = lines.filter((line) => /: done in/.test(line)).length;
        console.log(`a worker did ${done} jobs`);
        assert.ok(done > 10, lines.join("\n"));
      }
    } finally {
      await Deno.remove(top, { recursive: true });
    }
  },
});

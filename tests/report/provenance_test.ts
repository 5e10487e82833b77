import assert from "node:assert/strict";
import { join } from "@std/path";
import { describeProvenance, makeProvenance, readCommit } from "../../lib/report/provenance.ts";

const NOW = new Date("2026-11-25T12:34:56.789Z");
const RAN = { wasRun: true, seconds: 90, notices: ["Real images"] };

Deno.test("makeProvenance() takes what the kernel tells, and nothing that is no such thing", () => {
  const commit = { commit: "0123456789abcdef", isChanged: true };
  const facts = {
    preset: ["quick"],
    seeds: [0, 1],
    threads: [2],
    blas: ["OpenBLAS 0.3.21 (Haswell)"],
    peakKiB: 1536 * 1024,
  };
  const whole = makeProvenance(RAN, commit, facts, NOW);
  assert.deepEqual(describeProvenance(whole), [
    ["Preset", "quick"],
    ["Seeds", "0, 1"],
    ["Notices", "Real images"],
    ["Commit", "0123456789, changed"],
    ["Deno", Deno.version.deno],
    ["Threads", "2"],
    ["BLAS", "OpenBLAS 0.3.21 (Haswell)"],
    ["Time", "1 min 30 s"],
    ["Peak memory", "1.5 GiB"],
    ["Date", "2026-11-25"],
  ]);
  const odd = { preset: [{}], seeds: "0", threads: [], blas: [1], peakKiB: "many", commit: "mine" };
  assert.deepEqual(Object.keys(makeProvenance(RAN, {}, odd, NOW)), [
    "wasRun",
    "date",
    "deno",
    "notices",
    "seconds",
  ]);
});

Deno.test("A page that was only rendered says so, and claims no run's facts", () => {
  const run = { wasRun: false, notices: [], failedCell: 2 };
  const rendered = makeProvenance(run, { commit: "abc" }, { preset: ["quick"] }, NOW);
  assert.deepEqual(describeProvenance(rendered), [
    ["Run", "not run now: the outputs are those that the notebook held"],
    ["Stopped", "cell 2 did not run to its end"],
    ["Rendered by Deno", Deno.version.deno],
    ["Rendered", "2026-11-25"],
  ]);
});

Deno.test("readCommit() tells a commit and a change, and none of a project around the folder", async () => {
  const folder = await Deno.makeTempDir();
  const git = async (...args: string[]) => {
    const names = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
    const { success } = await new Deno.Command("git", { args: [...names, ...args], cwd: folder })
      .output();
    assert.ok(success, args.join(" "));
  };
  try {
    assert.deepEqual(await readCommit(folder), {});
    await git("init", "-q");
    assert.deepEqual(await readCommit(folder), {}, "there is no commit yet");
    await git("commit", "-q", "--allow-empty", "-m", "First");
    const { commit, isChanged } = await readCommit(folder);
    assert.equal(commit?.length, 40);
    assert.equal(isChanged, false);
    await Deno.mkdir(join(folder, "below"));
    await Deno.writeTextFile(join(folder, "below/new"), "");
    assert.deepEqual(await readCommit(folder), { commit, isChanged: true });
    assert.deepEqual(await readCommit(join(folder, "below")), {});
    assert.deepEqual(await readCommit(join(folder, "no_such_folder")), {});
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

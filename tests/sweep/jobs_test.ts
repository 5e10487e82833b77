// What a sweep is made of, without a server: jobs, files that travel, memory, and the way to the queue.
import assert from "node:assert/strict";
import { join } from "@std/path";
import { Svc } from "deep-features";
import { KNeighborsClassifier, RandomForestClassifier } from "deep-features/classifiers";
import { digest } from "../../lib/base/digest.ts";
import { download } from "../../lib/base/download.ts";
import {
  classNameOf,
  makeClassifier,
  writeOptions,
} from "../../lib/sweep/engine/classifier_classes.ts";
import { inputPlace, keepInput } from "../../lib/sweep/engine/kept_files.ts";
import { MemoryBudget } from "../../lib/sweep/engine/memory_budget.ts";
import { serveCache } from "../../lib/sweep/engine/serve_cache.ts";
import { checkJob } from "../../lib/sweep/job.ts";
import { withCache } from "../article/small_data.ts";
import { evaluate } from "../helpers/evaluate.ts";

const SHA = "ab".repeat(32);

const SCORE = {
  kind: "score",
  name: "score-0123456789abcdef",
  parameters: {
    classifier: "Svc",
    options: [{ C: 1 }],
    isShared: true,
    X: { sha256: SHA, rows: 4, cols: 2 },
    y: SHA,
    folds: { sha256: SHA, counts: [[2, 2]] },
  },
  inputs: [{ place: `input-${SHA.slice(0, 16)}.bin`, sha256: SHA, bytes: 32 }],
  memory: 1e9,
  cacheMark: crypto.randomUUID(),
};

Deno.test("A job is plain data that a schema knows; anything else is refused by name", () => {
  assert.deepEqual(checkJob(structuredClone(SCORE)), SCORE);
  const { parameters } = SCORE;
  const wrong: [object, RegExp][] = [
    [{ ...SCORE, kind: "run" }, /no job of the kind "run", only train, compare, score/],
    [{ ...SCORE, kind: "train" }, /no job to train: data must have required property 'data'/],
    [{ ...SCORE, name: "../../etc" }, /data\/name must match pattern/],
    [{ ...SCORE, code: "1" }, /must NOT have additional properties/],
    [{ ...SCORE, inputs: [{ ...SCORE.inputs[0], place: "../x-0123456789abcdef" }] }, /place/],
    [{ ...SCORE, parameters: { ...parameters, X: { ...parameters.X, rows: -1 } } }, /X\/rows/],
    [{ ...SCORE, parameters: { ...parameters, options: [] } }, /options/],
  ];
  for (const [job, message] of wrong) assert.throws(() => checkJob(job), message);
  assert.throws(() => checkJob("code"), TypeError);
});

Deno.test("Classifiers are sent by name and options, and others are not", () => {
  for (const estimator of [new Svc({ C: 3 }), new RandomForestClassifier({ seed: 4 })]) {
    const written = writeOptions(estimator.options)!;
    const read = makeClassifier(
      classNameOf(estimator)!,
      JSON.parse(JSON.stringify(written)) as Record<string, unknown>,
    );
    assert.equal(read.constructor, estimator.constructor);
    assert.deepEqual(read.options, estimator.options);
  }
  class Own extends KNeighborsClassifier {}
  assert.equal(classNameOf(new Own()), undefined);
  assert.equal(writeOptions({ weights: () => 1 }), undefined);
  assert.deepEqual(writeOptions({ maxDepth: Infinity, seed: undefined }), { maxDepth: "Infinity" });
  assert.throws(() => makeClassifier("constructor", {}), /no classifier constructor/);
  assert.throws(() => makeClassifier("Svc", { c: 1 }), /did you mean "C"/);
});

Deno.test("Files travel to who has the token, go on where they broke off, and are checked", async () => {
  const other = await Deno.makeTempDir();
  const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 7);
  try {
    await withCache(async (cache) => {
      const { place, sha256, bytes } = await keepInput([
        content.subarray(0, 5),
        content.subarray(5),
      ]);
      assert.deepEqual([place, sha256, bytes], [inputPlace(sha256), digest(content), 300_000]);
      await Deno.writeTextFile(join(cache, "outcome-0123456789abcdef.json"), "{}");
      await using server = serveCache("127.0.0.1");
      const { url, token } = server.source;
      const headers = { authorization: `Bearer ${token}` };
      const ask = async (path: string, more: Record<string, string> = headers) => {
        const response = await fetch(`${url}/${path}`, { headers: more });
        await response.body?.cancel();
        return response;
      };
      assert.equal((await ask(place, {})).status, 401);
      assert.equal((await ask(place, { authorization: "Bearer x" })).status, 401);
      for (
        const path of [
          "outcome-0123456789abcdef.json",
          `..%2f${place}`,
          "input-0123456789abcdef.bin",
        ]
      ) {
        assert.equal((await ask(path)).status, 404, path);
      }
      const etag = (await ask(place)).headers.get("etag")!;
      const rest = { ...headers, range: "bytes=100000-", "if-range": etag };
      const { status, headers: got } = await ask(place, rest);
      assert.deepEqual([status, got.get("content-length")], [206, "200000"]);
      assert.equal((await ask(place, { ...rest, "if-range": '"another"' })).status, 200);

      // What came of an earlier attempt is kept, even where it is wrong: then the digest tells.
      const path = join(other, "file"),
        options = { sha256, bytes, headers, attempts: 2, backOffMs: 1 };
      const begin = async (part: Uint8Array) => {
        await Deno.writeFile(`${path}.part`, part);
        await Deno.writeTextFile(`${path}.part.etag`, etag);
      };
      await begin(content.subarray(0, 100_000));
      const seen: number[] = [];
      await download(`${url}/${place}`, path, {
        ...options,
        onProgress: ({ done }) => seen.push(done),
      });
      assert.ok(seen[0]! > 100_000, `${seen[0]}`);
      assert.deepEqual(await Deno.readFile(path), content);
      await begin(new Uint8Array(100_000));
      await download(`${url}/${place}`, path, options);
      assert.deepEqual(await Deno.readFile(path), content);
      await assert.rejects(
        download(`${url}/${place}`, path, { ...options, sha256: SHA }),
        /another one: it has SHA-256 [0-9a-f]{64}, expected abab/,
      );
    });
  } finally {
    await Deno.remove(other, { recursive: true });
  }
});

Deno.test("Work begins when there is memory for it, in its order; what is too large runs alone", async () => {
  const budget = new MemoryBudget(10), begun: number[] = [];
  const take = (bytes: number) =>
    budget.take(bytes).then((room) => {
      begun.push(bytes);
      return room;
    });
  const first = await take(6);
  const second = take(5), third = take(20), fourth = take(1);
  await Promise.resolve();
  assert.deepEqual(begun, [6]);
  first[Symbol.dispose]();
  const five = await second;
  assert.deepEqual(begun, [6, 5]);
  five[Symbol.dispose]();
  const twenty = await third;
  assert.deepEqual(begun, [6, 5, 20]);
  twenty[Symbol.dispose]();
  (await fourth)[Symbol.dispose]();
  assert.equal(budget.hasRoomFor(20), false);
});

Deno.test("Whoever has no way to the queue is told, and a worker computes itself", async () => {
  const code = `
    import { GridSearch, Matrix, Svc } from "deep-features";
    import { openSweep, runWorker } from "deep-features/sweep";
    import { computeHere, elsewhere } from "./lib/base/elsewhere.ts";
    const said = (error) => error.name + ": " + error.message;
    const search = new GridSearch((options) => new Svc(options), { C: [1] }, { folds: 2 });
    const fit = () => search.fit(Matrix.fromRows([[0], [1], [10], [11]]), [0, 0, 1, 1]);
    const refused = await fit().catch(said), addresses = [];
    for (const address of ["http://127.0.0.1", "127.0.0.1:6379", "redis:"]) {
      addresses.push(await openSweep(address).catch(said));
    }
    const misspelt = await runWorker("redis://127.0.0.1:1", { job: 2 }).catch(said);
    computeHere();
    const isHere = await elsewhere() === undefined, score = (await fit()).bestScore;
    console.log(JSON.stringify({ isHere, score, refused, addresses, misspelt }));
  `;
  const address = "redis://me:secret@127.0.0.1:1";
  const { printed, complaint } = await evaluate(code, { SWEEP_QUEUE: address });
  assert.equal(complaint, "");
  const { isHere, score, refused, addresses, misspelt } = JSON.parse(printed);
  assert.ok(isHere);
  assert.equal(score, 1);
  assert.match(
    refused,
    /^Error: Cannot reach the queue at redis:\/\/127.0.0.1:1 \(.*ECONNREFUSED/,
  );
  assert.ok(!refused.includes("secret"));
  assert.equal(addresses.length, 3);
  for (const said of addresses) assert.match(said, /^RangeError: /);
  assert.match(misspelt, /mean "jobs"/);
});

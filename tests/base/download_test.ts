import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { join } from "@std/path";
import { download } from "../../lib/base/download.ts";

const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 7);
const md5 = createHash("md5").update(content).digest("hex");
const quick = { md5, bytes: content.length, stallMs: 300, backOffMs: 10 };

type Handler = (
  request: Request,
  count: number,
) => Response | Promise<Response>;

/** Runs `work` against a local server; returns the requests' Range headers. */
async function withServer(
  handler: Handler,
  work: (url: string, path: string, folder: string) => Promise<void>,
): Promise<(string | null)[]> {
  const ranges: (string | null)[] = [];
  const folder = await Deno.makeTempDir();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => {
      ranges.push(request.headers.get("range"));
      return handler(request, ranges.length);
    },
  );
  try {
    await work(
      `http://127.0.0.1:${server.addr.port}/a.tar.gz`,
      join(folder, "a.tar.gz"),
      folder,
    );
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
  return ranges;
}

/** A well-behaved server that knows ranges. */
function serve(request: Request, body: Uint8Array<ArrayBuffer> = content): Response {
  const begin = Number(request.headers.get("range")?.match(/^bytes=(\d+)-$/)?.[1] ?? 0);
  return new Response(body.subarray(begin), {
    status: begin > 0 ? 206 : 200,
    headers: { etag: '"v1"', "content-length": String(body.length - begin) },
  });
}

/** A body that ends, or stalls, after `length` bytes, though more were promised. */
function broken(length: number, end: "fail" | "stall"): Response {
  let sent = false;
  const body = new ReadableStream({
    async pull(controller) {
      if (!sent) {
        sent = true;
        controller.enqueue(content.subarray(0, length));
        return;
      }
      // Let the bytes reach the client before the connection breaks.
      await new Promise((resolve) => setTimeout(resolve, end === "fail" ? 50 : 600));
      controller.error(new Error("cable cut"));
    },
  });
  return new Response(body, {
    headers: { etag: '"v1"', "content-length": String(content.length) },
  });
}

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map((entry) => entry.name);

async function assertComplete(path: string, folder: string): Promise<void> {
  assert.deepEqual(await Deno.readFile(path), content);
  assert.deepEqual(namesIn(folder), ["a.tar.gz"]);
}

Deno.test("download() puts the file in place and reports its progress", async () => {
  const seen: number[] = [];
  await withServer((request) => serve(request), async (url, path, folder) => {
    await download(url, path, {
      ...quick,
      onProgress: ({ done, total }) => {
        assert.equal(total, content.length);
        seen.push(done);
      },
    });
    await assertComplete(path, folder);
  });
  assert.equal(seen.at(-1), content.length);
});

Deno.test("download() resumes where the connection broke off", async () => {
  const ranges = await withServer(
    (request, count) => count === 1 ? broken(100_000, "fail") : serve(request),
    async (url, path, folder) => {
      await download(url, path, quick);
      await assertComplete(path, folder);
    },
  );
  assert.deepEqual(ranges, [null, "bytes=100000-"]);
});

Deno.test("download() resumes what an earlier run left, and starts anew where the server cannot resume", async () => {
  for (const [etag, range] of [['"v1"', "bytes=5000-"], ["", null]] as const) {
    const ranges = await withServer(
      (request) => serve(request),
      async (url, path, folder) => {
        await Deno.writeFile(`${path}.part`, content.subarray(0, 5000));
        await Deno.writeTextFile(`${path}.part.etag`, etag);
        await download(url, path, quick);
        await assertComplete(path, folder);
      },
    );
    assert.deepEqual(ranges, [range]);
  }
  await withServer(
    () => serve(new Request("http://x")),
    async (url, path, folder) => {
      await Deno.writeFile(`${path}.part`, new Uint8Array(5000));
      await Deno.writeTextFile(`${path}.part.etag`, '"old"');
      await download(url, path, quick);
      await assertComplete(path, folder);
    },
  );
});

Deno.test("download() tries again after a 500 and after a stall", async () => {
  await withServer(
    (request, count) =>
      count === 1
        ? new Response("no", { status: 500 })
        : count === 2
        ? broken(50_000, "stall")
        : serve(request),
    async (url, path, folder) => {
      await download(url, path, quick);
      await assertComplete(path, folder);
    },
  );
});

Deno.test("download() gives up a server that keeps failing, and says how", async () => {
  const ranges = await withServer(
    () => new Response("no", { status: 503 }),
    async (url, path, folder) => {
      await assert.rejects(
        download(url, path, { ...quick, attempts: 3 }),
        /Cannot download http:.*: the server answered 503/,
      );
      assert.deepEqual(namesIn(folder), []);
    },
  );
  assert.equal(ranges.length, 3);
});

Deno.test("download() does not try again what cannot succeed", async () => {
  const ranges = await withServer(
    () => new Response("no", { status: 404 }),
    async (url, path) => {
      await assert.rejects(download(url, path, quick), /answered 404/);
    },
  );
  assert.equal(ranges.length, 1);
  const start = performance.now();
  await assert.rejects(
    download("http://127.0.0.1:9/a", "/dev/null/a", quick),
    /Cannot download/,
  );
  assert.ok(performance.now() - start < 2000);
});

Deno.test("download() never keeps a file with the wrong digest", async () => {
  await withServer(
    (request) => serve(request, content.with(7, 99)),
    async (url, path, folder) => {
      await assert.rejects(download(url, path, { ...quick, attempts: 2 }), /MD5 .* expected/);
      assert.deepEqual(namesIn(folder), []);
    },
  );
});

Deno.test("download() stops by the signal and keeps what has come", async () => {
  await withServer(
    () => broken(100_000, "stall"),
    async (url, path, folder) => {
      const controller = new AbortController();
      await assert.rejects(
        download(url, path, {
          ...quick,
          signal: controller.signal,
          onProgress: () => controller.abort(),
        }),
        { name: "AbortError" },
      );
      assert.ok(namesIn(folder).includes("a.tar.gz.part"));
    },
  );
});

Deno.test("download() tells a true share where the server gives no length", async () => {
  await withServer(
    () => new Response(new Blob([content]).stream(), { headers: { etag: '"v1"' } }),
    async (url, path, folder) => {
      const seen: { done: number; total: number }[] = [];
      await download(url, path, { ...quick, onProgress: (progress) => seen.push(progress) });
      for (const { total } of seen) assert.equal(total, content.length);
      assert.equal(seen.at(-1)!.done, content.length);
      await assertComplete(path, folder);
    },
  );
});

Deno.test("download() takes an archive as it is when the server calls its compression an encoding", async () => {
  const archive = new Uint8Array(gzipSync(content));
  const md5 = createHash("md5").update(archive).digest("hex");
  const ranges = await withServer(
    () =>
      new Response(archive, {
        headers: { "content-encoding": "gzip", "content-length": String(archive.length) },
      }),
    async (url, path) => {
      const totals = new Set<number>();
      await download(url, path, {
        ...quick,
        md5,
        bytes: archive.length,
        onProgress: ({ total }) => totals.add(total),
      });
      assert.deepEqual(await Deno.readFile(path), archive);
      assert.deepEqual([...totals], [archive.length]);
    },
  );
  assert.equal(ranges.length, 1);
});

Deno.test("download() takes other bytes at the address as final, and cuts off a body without end", async () => {
  for (
    const body of [
      () => content.with(7, 99),
      () => new Uint8Array(3 * content.length),
      () =>
        new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) }),
    ]
  ) {
    const ranges = await withServer(() => new Response(body()), async (url, path, folder) => {
      await assert.rejects(download(url, path, quick), /the file there is another one/);
      assert.deepEqual(namesIn(folder), []);
    });
    assert.equal(ranges.length, 1);
  }
});

Deno.test("download() gives up a server that drips", async () => {
  const drip = () => {
    let timer: ReturnType<typeof setInterval>;
    return new ReadableStream<Uint8Array>({
      start(controller) {
        timer = setInterval(() => controller.enqueue(Uint8Array.of(1)), 20);
      },
      cancel: () => clearInterval(timer),
    });
  };
  await withServer(() => new Response(drip()), async (url, path) => {
    await assert.rejects(
      download(url, path, { ...quick, slowMs: 300, stallMs: 5000, attempts: 2 }),
      /less than 300 bytes came in 0\.3 s/,
    );
  });
});

Deno.test("download() says why a server cannot be reached", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const folder = await Deno.makeTempDir();
  await assert.rejects(
    download(`http://127.0.0.1:${port}/a`, join(folder, "a"), quick),
    /[Cc]onnection refused|actively refused/,
  );
  await Deno.remove(folder, { recursive: true });
});

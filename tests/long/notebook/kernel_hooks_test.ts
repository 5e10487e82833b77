// What the library changes in a notebook's kernel, on the real kernel and asked as Jupyter asks.
import assert from "node:assert/strict";
import { join } from "@std/path";
import { type Heard, pause, RawKernel } from "../../notebook/raw_kernel.ts";

const PROJECT = join(import.meta.dirname!, "../../..");
const NOTEBOOK = new URL("../../../lib/notebook/", import.meta.url).href;
const HOOKS = `${NOTEBOOK}kernel_hooks.ts`, INTERRUPT = `${NOTEBOOK}interrupt.ts`;

async function withKernel(use: (kernel: RawKernel) => Promise<void>): Promise<void> {
  const kernel = await RawKernel.start(PROJECT);
  try {
    await use(kernel);
  } finally {
    await kernel.stop();
  }
}

function outputs(heard: readonly Heard[]): Heard[] {
  return heard.filter(({ type }) => ["stream", "display_data", "execute_result"].includes(type));
}

Deno.test("Every output stands under its own cell when all cells are run at once", async () => {
  await withKernel(async (kernel) => {
    const count = 40, lines = 5;
    const shown = (i: number) =>
      `({ [Symbol.for("Jupyter.display")]: () => ({ "text/plain": "${i}" }) })`;
    const cells = Array.from({ length: count }, (_, i) => `
      for (let line = 0; line < ${lines}; line++) console.log(${i + 1});
      await Deno.jupyter.display(${shown(i + 1)});
      ${i % 2 ? shown(i + 1) : `console.log(${i + 1})`}`);
    // Jupyter says where the kernel listens in its command line alone.
    const first = `Deno.env.delete("REPORT_CONNECTION_FILE"); await import("${HOOKS}"); undefined`;
    const heard = outputs(await kernel.run(first, ...cells));
    assert.equal(heard.length, count * (lines + 2));
    assert.deepEqual(heard.filter(({ cell, text }) => cell !== Number(text)), []);
  });
});

Deno.test("A cell ends although the kernel's sockets cannot be found", async () => {
  await withKernel(async (kernel) => {
    const heard = outputs(
      await kernel.run(
        `Deno.env.set("REPORT_CONNECTION_FILE", "/no/such/file"); await import("${HOOKS}"); 0`,
        `console.log(1)`,
        `2`,
      ),
    );
    assert.deepEqual(heard.map(({ cell }) => cell), [0, 1, 2]);
  });
});

Deno.test({
  name: "An interrupt never ends the kernel, and stops what it can",
  ignore: Deno.build.os === "windows", // where nobody can send another process a SIGINT
  async fn() {
    await withKernel(async (kernel) => {
      /** Interrupts while a cell runs; returns what the cell ended with. */
      const interruptIn = async (cell: string, ...waits: number[]) => {
        const running = kernel.run(cell);
        for (const wait of waits) {
          await pause(wait);
          await kernel.interrupt();
        }
        return (await running).map(({ type, text }) => `${type} ${text}`).join("\n");
      };
      const isAlive = async () => {
        const heard = await kernel.run(`console.log("kept", kept)`);
        return heard.some(({ text }) => text === "kept 42\n");
      };
      await kernel.run(`
        import { interruptible } from "${INTERRUPT}";
        const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
        const kept = 42;`);
      // Idle, once and twice.
      await kernel.interrupt();
      assert.ok(await isAlive());
      await kernel.interrupt();
      await kernel.interrupt();
      await pause(100);
      assert.ok(await isAlive());
      // In the reader's own loop, once and twice in 0.3 s.
      for (const waits of [[500], [500, 200]]) {
        const loop = await interruptIn(`for (;;) await sleep(20);`, ...waits);
        assert.match(loop, /^error Interrupted; the kernel and its variables are kept$/m);
        assert.ok(await isAlive());
      }
      // In the library's work: it says where it stopped, and its own sleeps are its own.
      const work = await interruptIn(
        `await interruptible(undefined, async (signal) => {
          while (!signal.aborted) await sleep(20);
          await sleep(300);
          throw signal.reason;
        }, () => "stopped in step 3 of 7")`,
        500,
        100,
      );
      assert.match(work, /^error Interrupted: stopped in step 3 of 7; the kernel and its/m);
      assert.ok(await isAlive());
      // What does not listen runs to its end.
      const deaf = await interruptIn(
        `await new Promise((resolve) => setTimeout(() => resolve("done"), 900)).then(console.log)`,
        500,
      );
      assert.match(deaf, /^stream Interrupted: nothing that listens to it was running/m);
      assert.match(deaf, /^stream done$/m);
      assert.ok(await isAlive());
      // A sleep that nobody waits for is no error when it is stopped.
      assert.ok(!/error/.test(await interruptIn(`sleep(60_000); 1`)));
      await kernel.interrupt();
      await pause(100);
      assert.ok(await isAlive());
    });
  },
});

Deno.test({
  name:
    "loadCifar10() is stopped by an interrupt in the middle of the download, and says what is kept",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir();
    const asked = Promise.withResolvers<void>();
    await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () => {
      asked.resolve();
      const endless = new ReadableStream({
        async pull(controller) {
          controller.enqueue(new Uint8Array(50_000));
          await pause(20);
        },
      });
      return new Response(endless, { headers: { "content-length": "170052171", etag: "x" } });
    });
    try {
      await withKernel(async (kernel) => {
        await kernel.run(`
          Deno.env.delete("CIFAR10_ARCHIVE");
          import { loadCifar10 } from "deep-features";
          const kept = 42;`);
        const running = kernel.run(
          `await loadCifar10({ url: "http://127.0.0.1:${server.addr.port}/x", dataFolder: ${
            JSON.stringify(folder)
          }, download: true })`,
        );
        await asked.promise;
        await pause(300);
        await kernel.interrupt();
        const error = (await running).find(({ type }) => type === "error");
        assert.match(error!.text, /^Interrupted: what has been downloaded is kept/);
        assert.ok((await kernel.run("kept")).some(({ text }) => text.includes("42")));
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

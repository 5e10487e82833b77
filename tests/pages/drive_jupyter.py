"""Drives the Deno kernel with Jupyter's own client, as a front end does: prints what came of it as JSON.

Arguments: the deno to run, the folder of the notebooks, the number of cells of "Run all".
"""

import json
import re
import sys
import tempfile
import threading
import time

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager

DENO, FOLDER, CELLS = sys.argv[1], sys.argv[2], int(sys.argv[3])
LIMIT = 120  # seconds without a message after which a cell hangs

SHOWN = """({ [Symbol.for("Jupyter.display")]: () => ({ "text/plain": "mark %d" }) })"""
CELL = """console.log("mark %d"); console.log("mark %d"); await Deno.jupyter.display(SHOWN); SHOWN""".replace(
    "SHOWN", SHOWN
)

SET_UP = """
import { buildCnn, loadCifar10, setUpCompute, trainCnn } from "deep-features";
await setUpCompute({ backend: "simd", quiet: true });
Deno.env.delete("CIFAR10_ARCHIVE");
const kept = 42;
const split = {
  images: new Uint8Array(4000 * 3072),
  labels: new Uint8Array(4000).map((_, i) => i % 10),
  shape: [4000, 32, 32, 3],
};
const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, () =>
  new Response(
    new ReadableStream({
      async pull(controller) {
        controller.enqueue(new Uint8Array(50_000));
        await new Promise((resolve) => setTimeout(() => resolve(), 20));
      },
    }),
    { headers: { "content-length": "170052171" } },
  ));
"""
TRAIN = "await trainCnn(buildCnn(), split, { epochs: 1000 })"
LOOP = "for (;;) await new Promise((resolve) => setTimeout(resolve, 10));"
DOWNLOAD = """await loadCifar10({
  url: `http://127.0.0.1:${server.addr.port}/`, dataFolder: %s, download: true, warn() {},
})"""


class Kernel:
    def __enter__(self):
        self.manager = KernelManager()
        self.manager._kernel_spec = KernelSpec(
            argv=[DENO, "jupyter", "--kernel", "--conn", "{connection_file}"],
            display_name="Deno",
            language="typescript",
        )
        self.manager.start_kernel(cwd=FOLDER)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        return self

    def __exit__(self, *_):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def run(self, *cells):
        """All cells at once; yields (cell, type, text) of their outputs until the last has ended."""
        ids = {self.client.execute(code): i for i, code in enumerate(cells)}
        heard = []
        while True:
            message = self.client.get_iopub_msg(timeout=LIMIT)
            cell = ids.get(message["parent_header"].get("msg_id"))
            kind, content = message["msg_type"], message["content"]
            if cell is None:
                continue
            if kind == "status" and content["execution_state"] == "idle" and cell == len(cells) - 1:
                return heard
            text = content.get("text") or content.get("evalue") or json.dumps(content.get("data"))
            if kind in ("stream", "display_data", "execute_result", "error"):
                heard.append((cell, kind, text))

    def interrupted(self, code, *times):
        timers = [threading.Timer(t, self.manager.interrupt_kernel) for t in times]
        for timer in timers:
            timer.start()
        heard = self.run(code)
        for timer in timers:
            timer.join()
        return next((text for _, kind, text in heard if kind == "error"), None)

    def is_kept(self):
        try:
            return any("42" in text for _, kind, text in self.run("kept") if kind == "execute_result")
        except Exception:
            return False


def run_all():
    with Kernel() as kernel:
        kernel.run('import "deep-features";')
        heard = kernel.run(*[CELL % (i, i, i, i) for i in range(CELLS)])
    marks = [(cell, int(re.search(r"mark (\d+)", text)[1])) for cell, _, text in heard]
    return {"outputs": len(marks), "astray": sum(cell != mark for cell, mark in marks)}


def interrupts():
    with Kernel() as kernel, tempfile.TemporaryDirectory() as folder:
        kernel.run(SET_UP)
        results = {}

        def note(name, said):
            results[name] = {"said": said, "kept": kernel.is_kept()}

        for name, times in (("idle", 1), ("idle, twice", 2)):
            for _ in range(times):
                kernel.manager.interrupt_kernel()
                time.sleep(0.2)
            note(name, None)
        note("training", kernel.interrupted(TRAIN, 2))
        note("training, twice in 0.3 s", kernel.interrupted(TRAIN, 2, 2.3))
        note("own loop", kernel.interrupted(LOOP, 1))
        note("own loop, twice in 0.3 s", kernel.interrupted(LOOP, 1, 1.3))
        note("download", kernel.interrupted(DOWNLOAD % json.dumps(folder), 1.5))
    return results


print(json.dumps({"run_all": run_all(), "interrupts": interrupts()}))

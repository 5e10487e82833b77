"""Drives the Deno kernel with Jupyter's own client, as a front end does: prints what came of it as JSON.

Arguments: the deno to run, the folder of the notebooks, the number of cells of "Run all", the interrupts
as JSON.
"""

import json
import re
import sys
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

CASES = json.loads(sys.argv[4])  # see interrupt_cases.ts


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
            shown = self.run(CASES["show"])
            return any(CASES["kept"] in text for _, kind, text in shown if kind == "execute_result")
        except Exception:
            return False


def run_all():
    with Kernel() as kernel:
        kernel.run('import "deep-features";')
        heard = kernel.run(*[CELL % (i, i, i, i) for i in range(CELLS)])
    marks = [(cell, int(re.search(r"mark (\d+)", text)[1])) for cell, _, text in heard]
    return {"outputs": len(marks), "astray": sum(cell != mark for cell, mark in marks)}


def interrupts():
    results = {}
    with Kernel() as kernel:
        kernel.run(CASES["setUp"])
        for case in CASES["cases"]:
            if "code" in case:
                said = kernel.interrupted(case["code"], *case["at"])
            else:
                said = None
                for _ in case["at"]:
                    kernel.manager.interrupt_kernel()
                    time.sleep(0.2)
            results[case["name"]] = {"said": said, "kept": kernel.is_kept()}
        kernel.run(CASES["cleanUp"])
    return results


print(json.dumps({"run_all": run_all(), "interrupts": interrupts()}))

/**
 * What importing the library changes in a notebook's kernel, once: an interrupt no longer ends the
 * kernel (see `interrupt.ts`), and a cell ends only when all that it put out has been sent.
 *
 * @module
 */
import { connectionFile } from "./connection_file.ts";
import { jupyterInternals, type NotebookKernel, notebookKernel } from "./notebook_kernel.ts";
import { ZmtpConnection } from "./zmtp.ts";

/** How long a cell lingers where the kernel's sockets cannot be found, in milliseconds. */
const LINGER_MS = 50;
/** First and longest pause between two marks, in milliseconds. */
const MARK_MS = 5, MAX_MARK_MS = 500;
/** The timers as they were: an interrupt must not end the waits below (see `sleeps.ts`). */
const { setTimeout } = globalThis;
/** Says that a kernel has been changed, by whichever copy of the library. */
const HOOKED = Symbol.for("deep-features.kernel-hooks");

/**
 * Makes a cell end only when all that it put out has been sent. The Deno kernel (2.9) evaluates cells
 * on one thread and sends what they put out from another, under the name of whichever cell runs by
 * then; in *Run all* the last outputs of a cell came to stand under the next one. The kernel waits for
 * `broadcastResult` at the end of each cell that does not throw, so this is where to wait.
 */
function keepOutputsUnderTheirCells(): void {
  const kernel = notebookKernel(), internals = jupyterInternals();
  if (!kernel || !internals || HOOKED in internals) return;
  const broadcastResult = internals.broadcastResult;
  const port = iopubPort();
  Object.assign(internals, {
    [HOOKED]: true,
    async broadcastResult(executionCount: number, result: unknown): Promise<void> {
      await broadcastResult(executionCount, result);
      await allSent(kernel, await port);
    },
  });
}

/** Waits until the kernel has sent all that it was given so far. */
async function allSent(kernel: NotebookKernel, port: number | undefined): Promise<void> {
  try {
    if (port === undefined) throw new Error("The kernel's sockets are not known");
    await echo(kernel, port);
  } catch {
    // A cell must not fail, or hang, for the order of its outputs.
    await pause(LINGER_MS);
  }
}

/**
 * Listens to the kernel as a front end does, and sends a mark until it is heard: outputs leave the
 * kernel in order, so that all before it have left, too. A mark is the update of a display that nobody
 * has, which front ends pass over.
 */
async function echo(kernel: NotebookKernel, port: number): Promise<void> {
  const id = crypto.randomUUID(), mark = new TextEncoder().encode(id);
  const iopub = await ZmtpConnection.open(port, "SUB");
  let heard = false;
  const listening = (async () => {
    for await (const frames of iopub.messages()) {
      if (frames.some((frame) => contains(frame, mark))) return;
    }
  })().finally(() => heard = true);
  try {
    // The first ones may be sent before the kernel knows that it is listened to.
    for (let wait = MARK_MS; !heard; wait = Math.min(2 * wait, MAX_MARK_MS)) {
      kernel.broadcast("update_display_data", {
        data: {},
        metadata: {},
        transient: { display_id: id },
      });
      await Promise.race([listening, pause(wait)]);
    }
    await listening;
  } finally {
    iopub.close();
  }
}

async function iopubPort(): Promise<number | undefined> {
  try {
    const file = await connectionFile();
    if (file === undefined) return undefined;
    const { transport, ip, iopub_port: port } = JSON.parse(await Deno.readTextFile(file));
    return transport === "tcp" && ip === "127.0.0.1" && Number.isInteger(port) ? port : undefined;
  } catch {
    return undefined;
  }
}

/** Longest message that may hold a mark: it need not be looked for in pictures. */
const MAX_MARK_BYTES = 1000;

function contains(bytes: Uint8Array, part: Uint8Array): boolean {
  if (bytes.length > MAX_MARK_BYTES) return false;
  const last = bytes.length - part.length;
  for (
    let at = bytes.indexOf(part[0]!);
    at >= 0 && at <= last;
    at = bytes.indexOf(part[0]!, at + 1)
  ) {
    if (part.every((byte, i) => bytes[at + i] === byte)) return true;
  }
  return false;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

keepOutputsUnderTheirCells();

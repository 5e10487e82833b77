/**
 * What is interrupted in a kernel that Jupyter has started, and what must be said of it: by Jupyter's
 * client alone (`check_jupyter.ts`), and in Jupyter Notebook itself (`drive_notebook.ts`).
 *
 * @module
 */

/** An interrupt, or two shortly after each other. */
export interface InterruptCase {
  readonly name: string;
  /** The cell that runs meanwhile; none: the kernel is idle. */
  readonly code?: string;
  /** When to interrupt, in seconds after the cell's start. */
  readonly at: readonly number[];
  /** What the cell's error must say. */
  readonly says?: string;
}

/** Brings about what the cells need; `kept` is the variable that must survive. */
export const SET_UP = `
import { buildCnn, loadCifar10, setUpCompute, trainCnn } from "deep-features";
await setUpCompute({ backend: "simd", quiet: true });
Deno.env.delete("CIFAR10_ARCHIVE");
const kept = 42;
const folder = await Deno.makeTempDir();
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
`;

/** Shows the variable that must survive. */
export const SHOW_KEPT = "kept";
/** What it shows. */
export const KEPT = "42";
/** Removes what the cells have written. */
export const CLEAN_UP = "await Deno.remove(folder, { recursive: true })";

const TRAIN = "await trainCnn(buildCnn(), split, { epochs: 1000 })";
const LOOP = "for (;;) await new Promise((resolve) => setTimeout(resolve, 10));";
const DOWNLOAD = `await loadCifar10({
  url: \`http://127.0.0.1:\${server.addr.port}/\`, dataFolder: folder, download: true, warn() {},
})`;

const TRAINING_SAYS = String.raw`stopped in epoch \d+ of 1000`, LOOP_SAYS = "Interrupted";

export const INTERRUPT_CASES: readonly InterruptCase[] = [
  { name: "idle", at: [0] },
  { name: "idle, twice in 0.3 s", at: [0, 0.2] },
  { name: "training", code: TRAIN, at: [2], says: TRAINING_SAYS },
  { name: "training, twice in 0.3 s", code: TRAIN, at: [2, 2.25], says: TRAINING_SAYS },
  { name: "own loop", code: LOOP, at: [1], says: LOOP_SAYS },
  { name: "own loop, twice in 0.3 s", code: LOOP, at: [1, 1.25], says: LOOP_SAYS },
  { name: "download", code: DOWNLOAD, at: [1.5], says: "what has been downloaded is kept" },
];

/**
 * The process that computes for a worker: it reads jobs as lines of JSON and writes lines of JSON on what became
 * of them, so that whoever keeps up the connection to the queue is never kept waiting by a kernel. It ends
 * when its standard input does.
 *
 * @module
 */
import { TextLineStream } from "./lines.ts";
import { setUpCompute } from "../../backend/set_up_compute.ts";
import { computeHere } from "../../base/elsewhere.ts";
import type { Progress } from "../../base/run_options.ts";
import type { Job } from "../job.ts";
import type { FromProcess } from "./hand.ts";
import { needsHere } from "./needs.ts";
import type { Perform } from "./perform.ts";

/** Shortest time between two words on a job's progress, in milliseconds. */
const PROGRESS_MS = 500;

/** Does the jobs that come on standard input. */
export async function computeJobs(perform: Readonly<Record<string, Perform>>): Promise<void> {
  computeHere();
  const encoder = new TextEncoder(), write = Deno.stdout.writeSync.bind(Deno.stdout);
  const say = (message: FromProcess) => {
    const bytes = encoder.encode(JSON.stringify(message) + "\n");
    for (let done = 0; done < bytes.length;) done += write(bytes.subarray(done));
  };
  // Progress lines and the like would stand between the messages.
  Deno.stdout.writeSync = (bytes) => bytes.length;
  console.log = console.info = () => {};
  await setUpCompute({ quiet: true });
  say({ needs: needsHere() });
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  let last = Promise.resolve();
  for await (const line of lines) {
    const job = JSON.parse(line) as Job;
    // Not waited for: the end of standard input must be seen at any time.
    last = last.then(() => doJob(job, perform, say));
  }
  Deno.exit(0);
}

async function doJob(
  job: Job,
  perform: Readonly<Record<string, Perform>>,
  say: (message: FromProcess) => void,
): Promise<void> {
  let told = -Infinity;
  const onProgress = (progress: Progress) => {
    const now = performance.now();
    if (now - told < PROGRESS_MS) return;
    told = now;
    say({ progress });
  };
  try {
    await perform[job.kind]!(job, onProgress);
    say({ done: job.name });
  } catch (error) {
    const { name, message } = error as Error;
    // What the disk or the network did may pass; a computation fails as it failed.
    const mayPass = name in Deno.errors || "code" in (error as object);
    say({ failed: `${message}`, mayPass });
  }
}

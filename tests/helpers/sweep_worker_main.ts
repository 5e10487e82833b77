/** What `deno task worker` does, with options that only tests have. */
import { runWorker } from "../../lib/sweep/worker.ts";

const { sleeps, ...options } = JSON.parse(Deno.args[0]!);
const stop = new AbortController();
if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => stop.abort());
await runWorker(Deno.env.get("SWEEP_QUEUE")!, {
  ...options,
  signal: stop.signal,
  ...(sleeps ? { script: new URL("sleeping_compute.ts", import.meta.url) } : {}),
});

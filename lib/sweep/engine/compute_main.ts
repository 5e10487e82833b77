import { computeJobs } from "./compute_process.ts";
import { PERFORM } from "./perform.ts";

if (import.meta.main) await computeJobs(PERFORM);

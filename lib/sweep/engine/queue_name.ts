import { digest } from "../../base/digest.ts";

/** What results depend on, beside what the cache knows: where all of it agrees, they agree to the bit. */
export interface Needs {
  /** The backend of tfjs. */
  readonly backend: string;
  /** Version of this library. */
  readonly library: string;
  /** Digest of the kernels. */
  readonly kernels: string;
  /** The machine's BLAS that computes wide products, or none. */
  readonly blas: string;
  /** Digest of what the kernels compute here: relaxed SIMD may round otherwise on another processor. */
  readonly numbers: string;
  /** Version of V8, which computes what kernels do not. */
  readonly v8: string;
}

const DIGITS = 12;

/** Name of the queue for jobs that need this: workers that have something else never see them. */
export function queueName(needs: Needs): string {
  return `jobs-${digest(JSON.stringify(needs)).slice(0, DIGITS)}`;
}

/** What can be chosen. */
const CHOSEN_BY: Partial<Record<keyof Needs, string>> = {
  backend: " (which setUpCompute and COMPUTE choose)",
  blas: " (which COMPUTE_BLAS chooses)",
};

/** In what two differ, in words. */
export function differences(wanted: Needs, got: Needs): string {
  return (Object.keys(wanted) as (keyof Needs)[]).filter((name) => wanted[name] !== got[name])
    .map((name) => `${name} ${got[name]} and not ${wanted[name]}${CHOSEN_BY[name] ?? ""}`)
    .join(", ");
}

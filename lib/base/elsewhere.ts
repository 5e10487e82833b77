/**
 * Long work whose parts may be computed by other processes asks here whether there are any. Who can hand parts
 * on (`sweep/`) stands above all who have some, so it gives a function that loads it, which is called only
 * where the variable `SWEEP_QUEUE` is set: without it everything is computed here, and nothing is loaded.
 *
 * @module
 */

/** Names the queue that parts of long work are handed to. */
const VARIABLE = "SWEEP_QUEUE";

/** Loads what hands parts to the queue at an address, or says that this process computes them itself. */
export type LoadElsewhere = (address: string) => Promise<object | undefined>;

let load: LoadElsewhere | undefined;

/** Says how parts are handed to a queue, from now on. */
export function provideElsewhere(loader: LoadElsewhere): void {
  load = loader;
}

/** Lets this process compute all parts itself, whatever the variable says, as the workers of a queue do. */
export function computeHere(): void {
  provideElsewhere(() => Promise.resolve(undefined));
}

/**
 * What hands parts of long work on, as the caller's room knows it; undefined if they are computed here.
 *
 * @throws {Error} If the variable is set and nothing that could use a queue is loaded, or the queue cannot be used
 */
export async function elsewhere<T extends object>(): Promise<T | undefined> {
  // Who may not read the environment has no queue: nobody is asked for a permission.
  const { state } = Deno.permissions.querySync({ name: "env", variable: VARIABLE });
  const address = state === "granted" ? Deno.env.get(VARIABLE) : undefined;
  if (!address) return undefined;
  if (!load) {
    throw new Error(
      `${VARIABLE} is set, but nothing that is loaded here can use a queue: import "deep-features", or unset it`,
    );
  }
  return await load(address) as T | undefined;
}

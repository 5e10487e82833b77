import { QueueSweep } from "./queue_sweep.ts";

const sweeps = new Map<string, Promise<object>>();

/**
 * What hands parts of long work to the queue at an address: the library calls this by itself where `SWEEP_QUEUE` is
 * set. The server is tried at once.
 *
 * @param address `redis://user:password@host:port`, or `rediss://` for TLS
 * @throws {RangeError} If the address is none
 * @throws {Error} If the server cannot be reached, or refuses the user or the password
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { openSweep } from "deep-features/sweep";
 *
 * await assert.rejects(openSweep("redis://127.0.0.1:1"), /Cannot reach the queue/);
 * ```
 */
export function openSweep(address: string): Promise<object> {
  let sweep = sweeps.get(address);
  if (!sweep) {
    sweep = open(address);
    sweeps.set(address, sweep);
    // The server may be started meanwhile.
    sweep.catch(() => sweeps.delete(address));
  }
  return sweep;
}

async function open(address: string): Promise<QueueSweep> {
  const sweep = new QueueSweep(address);
  await sweep.check();
  return sweep;
}

/**
 * Being in a notebook: the display protocol, progress, interrupts. Imports `base/` alone.
 *
 * @module
 */
export { formatSeconds, progressLine } from "./progress.ts";

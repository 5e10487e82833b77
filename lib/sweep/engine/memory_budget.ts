import { constrainedMemory } from "node:process";
import { totalmem } from "node:os";

/** What this machine, or the container that this is, has, in bytes. */
export function machineMemory(): number {
  const limit = constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** Lets work begin when there is memory for it. */
export class MemoryBudget {
  readonly #bytes: number;
  #used = 0;
  #waiting: { readonly bytes: number; readonly begin: () => void }[] = [];

  /** @param bytes What all work together may take */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Whether there is room for so many bytes beside nothing else. */
  hasRoomFor(bytes: number): boolean {
    return bytes <= this.#bytes;
  }

  /**
   * Waits until there is room, first come, first served; what would not fit at all has everything for itself.
   *
   * @returns Gives the room back
   */
  async take(bytes: number): Promise<Disposable> {
    if (this.#waiting.length > 0 || !this.#fits(bytes)) {
      await new Promise<void>((begin) => this.#waiting.push({ bytes, begin }));
    } else {
      this.#used += bytes;
    }
    return { [Symbol.dispose]: () => this.#give(bytes) };
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#bytes;
  }

  #give(bytes: number): void {
    this.#used -= bytes;
    while (this.#waiting.length > 0 && this.#fits(this.#waiting[0]!.bytes)) {
      const { bytes: next, begin } = this.#waiting.shift()!;
      this.#used += next;
      begin();
    }
  }
}

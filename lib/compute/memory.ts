/**
 * The memory in which tensors, matrices and kernels meet: one `WebAssembly.Memory`, shared by the main
 * thread and the workers, with an allocator that the main thread alone uses.
 *
 * WebAssembly addresses 4 GiB at most, so that is the room for all tensors together. The article's
 * training needs about 0.3 GiB. Whoever hits the limit gets a clear error: smaller batches help.
 *
 * @module
 */

const PAGE_BYTES = 65536;
const MAXIMUM_PAGES = 65536;
/** Below this address lies what belongs to the kernels themselves. */
const FIRST_FREE_ADDRESS = 1 << 20;
/** Cache line: no two allocations share one. */
const ALIGNMENT = 64;
/** Least growth, so that growing is rare. */
const GROWTH_PAGES = 256;

let memory: WebAssembly.Memory | undefined;

/** The shared memory; made at the first call. */
export function sharedMemory(): WebAssembly.Memory {
  return memory ??= new WebAssembly.Memory({
    initial: FIRST_FREE_ADDRESS / PAGE_BYTES,
    maximum: MAXIMUM_PAGES,
    shared: true,
  });
}

/** Free blocks by rising address, never touching each other. */
const free: { address: number; bytes: number }[] = [];
/** Bytes of each allocation by its address. */
const used = new Map<number, number>();
let bytesInUse = 0;

/** Bytes now allocated. */
export function allocatedBytes(): number {
  return bytesInUse;
}

/** Whether an array is what an allocation returned. */
export function isShared(array: ArrayBufferView): boolean {
  return isInMemory(array) && used.has(array.byteOffset);
}

/**
 * Whether an array is a view of the shared memory. The memory has another buffer object after each time
 * it grows, and older views keep theirs.
 */
export function isInMemory({ buffer }: ArrayBufferView): boolean {
  return buffer === newest || buffers.has(buffer);
}

const buffers = new WeakSet<ArrayBufferLike>();
let newest: ArrayBufferLike | undefined;

/**
 * Allocates `bytes` bytes, aligned to 64; they hold whatever was there before.
 *
 * @returns The address
 * @throws {RangeError} If there is no room, with the sizes
 */
export function allocate(bytes: number): number {
  if (!(Number.isSafeInteger(bytes) && bytes >= 0)) {
    throw new RangeError(`Cannot allocate ${bytes} bytes: it must be a whole number`);
  }
  const size = Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
  if (allocationsLeft-- === 0) throw outOfMemory(size);
  let best = bestFit(size);
  if (best < 0) {
    makeRoom(size);
    best = bestFit(size);
  }
  const block = free[best]!;
  const address = block.address;
  block.address += size;
  block.bytes -= size;
  if (block.bytes === 0) free.splice(best, 1);
  used.set(address, size);
  bytesInUse += size;
  recent?.add(address);
  return address;
}

/** Of a call that can be undone, what was allocated since and not given back. */
let recent: Set<number> | undefined;

/**
 * Calls a function, and if it throws gives back all that it has allocated and not given back.
 *
 * @param isKept Of what is allocated, the addresses that have an owner who lives on
 */
export function undoAllocations<T>(work: () => T, isKept: (address: number) => boolean): T {
  const outer = recent, own: Set<number> = recent = new Set();
  try {
    return work();
  } catch (error) {
    for (const address of own) if (!isKept(address)) release(address);
    throw error;
  } finally {
    recent = outer;
    if (outer) { for (const address of own) if (used.has(address)) outer.add(address); }
  }
}

/** Allocates blocks that outlive whatever call needs them first, as a pool's; all or none. */
export function allocateLasting(sizes: readonly number[]): number[] {
  const outer = recent;
  recent = undefined;
  const blocks: number[] = [];
  try {
    for (const bytes of sizes) blocks.push(allocate(bytes));
    return blocks;
  } catch (error) {
    blocks.forEach(release);
    throw error;
  } finally {
    recent = outer;
  }
}

let allocationsLeft = Infinity;

/**
 * For tests: makes one allocation fail as if there were no room.
 *
 * @param after Allocations that succeed before it; Infinity for no failure
 */
export function failAllocation(after: number): void {
  allocationsLeft = after;
}

/** The smallest free block of at least `size` bytes; −1 if there is none. */
function bestFit(size: number): number {
  let best = -1;
  for (let i = 0; i < free.length; i++) {
    const block = free[i]!;
    if (block.bytes >= size && (best < 0 || block.bytes < free[best]!.bytes)) {
      best = i;
      if (block.bytes === size) break;
    }
  }
  return best;
}

const shortages: (() => void)[] = [];

/** Calls a function when memory is short, so that it gives back what can be made anew. */
export function onShortage(giveBack: () => void): void {
  shortages.push(giveBack);
}

/**
 * Gives back what `allocate` returned.
 *
 * @throws {RangeError} If nothing is allocated there
 */
export function release(address: number): void {
  const bytes = used.get(address);
  if (bytes === undefined) {
    throw new RangeError(`Nothing is allocated at address ${address}`);
  }
  used.delete(address);
  recent?.delete(address);
  bytesInUse -= bytes;
  addFree(address, bytes);
}

/** Allocates n float32 values, uninitialized. */
export function allocFloat32(n: number): Float32Array<SharedArrayBuffer> {
  const address = allocate(4 * n);
  return new Float32Array(buffer(), address, n);
}

/** Allocates n float64 values, uninitialized. */
export function allocFloat64(n: number): Float64Array<SharedArrayBuffer> {
  const address = allocate(8 * n);
  return new Float64Array(buffer(), address, n);
}

/** Allocates n int32 values, uninitialized. */
export function allocInt32(n: number): Int32Array<SharedArrayBuffer> {
  const address = allocate(4 * n);
  return new Int32Array(buffer(), address, n);
}

/** Allocates n uint32 values, uninitialized. */
export function allocUint32(n: number): Uint32Array<SharedArrayBuffer> {
  const address = allocate(4 * n);
  return new Uint32Array(buffer(), address, n);
}

/** Allocates n bytes, uninitialized. */
export function allocUint8(n: number): Uint8Array<SharedArrayBuffer> {
  const address = allocate(n);
  return new Uint8Array(buffer(), address, n);
}

/** Gives back the memory of views that the functions above returned. */
export function freeViews(...views: ArrayBufferView[]): void {
  for (const view of views) release(view.byteOffset);
}

/** The address of a view, for a kernel's arguments. */
export function pointer(view: ArrayBufferView): number {
  return view.byteOffset;
}

// Asked for anew at each use, since growing the memory makes a longer buffer.
function buffer(): SharedArrayBuffer {
  const now = sharedMemory().buffer as unknown as SharedArrayBuffer;
  if (now !== newest) buffers.add(newest = now);
  return now;
}

/** Makes room for a block; where there is none, what can be made anew is given back first. */
function makeRoom(bytes: number): void {
  if (grow(bytes)) return;
  for (const giveBack of shortages) giveBack();
  if (bestFit(bytes) < 0 && !grow(bytes)) throw outOfMemory(bytes);
}

function grow(bytes: number): boolean {
  const last = free.at(-1);
  const end = sharedMemory().buffer.byteLength;
  const tail = last && last.address + last.bytes === end ? last.bytes : 0;
  const needed = Math.ceil((bytes - tail) / PAGE_BYTES);
  const room = MAXIMUM_PAGES - end / PAGE_BYTES;
  if (needed > room) return false;
  const pages = Math.min(room, Math.max(needed, GROWTH_PAGES));
  try {
    sharedMemory().grow(pages);
  } catch {
    return false;
  }
  addFree(end, pages * PAGE_BYTES);
  return true;
}

function outOfMemory(bytes: number): RangeError {
  return new RangeError(
    `Out of memory: cannot allocate ${mebibytes(bytes)} beside the ${mebibytes(bytesInUse)} ` +
      `in use (WebAssembly's limit is 4,096 MiB, and blocks must be in one piece): use smaller ` +
      "batches or fewer rows",
  );
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toLocaleString("en", { maximumFractionDigits: 1 })} MiB`;
}

function addFree(address: number, bytes: number): void {
  let low = 0, high = free.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (free[middle]!.address < address) low = middle + 1;
    else high = middle;
  }
  const before = free[low - 1], after = free[low];
  const touchesBefore = before !== undefined &&
    before.address + before.bytes === address;
  const touchesAfter = after !== undefined && address + bytes === after.address;
  if (touchesBefore && touchesAfter) {
    before.bytes += bytes + after.bytes;
    free.splice(low, 1);
  } else if (touchesBefore) {
    before.bytes += bytes;
  } else if (touchesAfter) {
    after.address = address;
    after.bytes += bytes;
  } else {
    free.splice(low, 0, { address, bytes });
  }
}

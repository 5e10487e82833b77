/** What is asleep: timers whose callback resolves a promise, `new Promise((r) => setTimeout(r, ms))`. */
const asleep = new Map<number, (value: unknown) => void>();
/** What stopped sleeps: if nobody waits for one of them, that is no error. */
const reasons = new WeakSet<object>();

/**
 * From now on knows of all sleeps, so that {@linkcode stopSleeps} can end them: in Deno this is the
 * only way to stop a loop of a cell that waits between its rounds.
 */
export function watchSleeps(): void {
  const { setTimeout, clearTimeout } = globalThis;
  const watching = (callback: unknown, ms?: number, ...args: unknown[]): number => {
    if (!isResolver(callback)) {
      // Other projects' type libraries may know no further arguments.
      return (setTimeout as unknown as (...all: unknown[]) => number)(callback, ms, ...args);
    }
    const id = setTimeout(() => {
      asleep.delete(id);
      callback(args[0]);
    }, ms) as unknown as number;
    asleep.set(id, callback);
    return id;
  };
  Object.defineProperty(watching, "name", { value: "setTimeout" });
  globalThis.setTimeout = watching as unknown as typeof setTimeout;
  globalThis.clearTimeout = (id) => {
    asleep.delete(Number(id));
    clearTimeout(id);
  };
  globalThis.addEventListener("unhandledrejection", (event) => {
    if (typeof event.reason === "object" && event.reason && reasons.has(event.reason)) {
      event.preventDefault();
    }
  });
}

/** Lets all sleeps throw; returns how many there were. */
export function stopSleeps(reason: Error): number {
  const sleeps = [...asleep];
  asleep.clear();
  reasons.add(reason);
  for (const [id, resolve] of sleeps) {
    clearTimeout(id);
    // A promise that is resolved with a rejected one is rejected.
    resolve(Promise.reject(reason));
  }
  return sleeps.length;
}

/** The functions that `new Promise` hands out are native, and have no name. */
function isResolver(callback: unknown): callback is (value: unknown) => void {
  return typeof callback === "function" && callback.name === "" && callback.length === 1 &&
    Function.prototype.toString.call(callback) === "function () { [native code] }";
}

/** Does something once: what came of it, and its wall-clock seconds. */
export async function timed<T>(
  work: () => T | Promise<T>,
): Promise<{ value: T; seconds: number }> {
  const start = performance.now();
  const value = await work();
  return { value, seconds: (performance.now() - start) / 1000 };
}

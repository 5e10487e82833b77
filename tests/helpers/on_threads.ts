import { setThreads, threads } from "deep-features/compute";

/** What work gives on each of these numbers of threads, one after the other; then there are as many as before. */
export async function onThreads<T>(
  counts: readonly number[],
  work: (count: number) => T | Promise<T>,
): Promise<T[]> {
  const before = threads(), results: T[] = [];
  try {
    for (const count of counts) {
      setThreads(count);
      results.push(await work(count));
    }
  } finally {
    setThreads(before);
  }
  return results;
}

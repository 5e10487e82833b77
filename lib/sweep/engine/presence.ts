/**
 * Who is there: workers with what they have, and coordinators with where their files can be had. Each says so
 * anew every few seconds, under a key that vanishes soon after it has stopped.
 *
 * @module
 */
import type { Redis } from "ioredis";
import { PREFIX } from "./connection.ts";

/** How often somebody says that it is there, and how long that counts. */
const EVERY_MS = 4000, COUNTS_SECONDS = 15;

/** A worker as others see it. */
export interface WorkerPresence {
  readonly queue: string;
  readonly needs: unknown;
}

/** Says that somebody is there until it is disposed of. */
export async function announce(
  redis: Redis,
  kind: "worker" | "source",
  value: unknown,
): Promise<AsyncDisposable> {
  const key = `${PREFIX}:${kind}:${crypto.randomUUID()}`, text = JSON.stringify(value);
  const say = () => redis.set(key, text, "EX", COUNTS_SECONDS);
  await say();
  const timer = setInterval(() => void say().catch(() => {}), EVERY_MS);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      if (redis.status === "ready") await redis.del(key).catch(() => {});
    },
  };
}

/** Who is there. */
export async function present<T>(redis: Redis, kind: "worker" | "source"): Promise<T[]> {
  const keys: string[] = [];
  for (let cursor = "0";;) {
    const [next, found] = await redis.scan(cursor, "MATCH", `${PREFIX}:${kind}:*`, "COUNT", 1000);
    keys.push(...found);
    if ((cursor = next) === "0") break;
  }
  if (keys.length === 0) return [];
  const texts = await redis.mget([...new Set(keys)]);
  return texts.flatMap((text) => text === null ? [] : [JSON.parse(text) as T]);
}

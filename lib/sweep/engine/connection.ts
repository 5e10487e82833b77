import { Redis } from "ioredis";

/** How long a server may take to answer, in milliseconds. */
const CONNECT_MS = 5000;
/** First and longest pause between two attempts to reach a server again, in milliseconds. */
const RETRY_MS = 100, MAX_RETRY_MS = 2000;

/** What keys of this library begin with, in the server. */
export const PREFIX = "deep-features";

/** A server's address without the password. */
export function plainAddress(address: string): string {
  const { protocol, host } = new URL(address);
  return `${protocol}//${host}`;
}

/**
 * Connects to a Redis or Valkey server. One that cannot be reached at first is an error; later on it is waited
 * for, and `warn` is told.
 *
 * @throws {RangeError} If the address is none
 * @throws {Error} If the server cannot be reached, or refuses the user or the password
 */
export async function connect(
  address: string,
  warn: (message: string) => void = console.warn,
): Promise<Redis> {
  checkAddress(address);
  const name = plainAddress(address);
  let wasReady = false, isAway = false, last = "no answer";
  const redis = new Redis(address, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    // Jobs that are handed over while the server starts again wait for it.
    maxRetriesPerRequest: null,
    retryStrategy: (attempt) =>
      wasReady ? Math.min(RETRY_MS * 2 ** Math.min(attempt, 10), MAX_RETRY_MS) : null,
  });
  noteDuplicates(redis);
  redis.on("error", (error: Error) => {
    last = error.message;
    if (wasReady && !isAway) {
      isAway = true;
      warn(`The queue at ${name} is away (${last}): waiting for it`);
    }
  });
  redis.on("ready", () => {
    if (isAway) warn(`The queue at ${name} is there again`);
    wasReady = true;
    isAway = false;
  });
  try {
    await redis.connect();
    await redis.ping();
    wasReady = true;
    return redis;
  } catch (error) {
    redis.disconnect();
    const reason = last === "no answer" ? (error as Error).message : last;
    throw new Error(whatToDo(name, reason), { cause: error });
  }
}

function whatToDo(name: string, reason: string): string {
  return /WRONGPASS|NOAUTH|NOPERM|ERR AUTH/.test(reason)
    ? `The queue at ${name} refuses the user or the password (${
      reason.split(" ")[0]
    }): SWEEP_QUEUE must be ` +
      "redis://user:password@host:port"
    : `Cannot reach the queue at ${name} (${reason}): start Redis or Valkey there, or correct SWEEP_QUEUE`;
}

function checkAddress(address: string): void {
  const url = URL.parse(address);
  if (url && ["redis:", "rediss:"].includes(url.protocol) && url.hostname !== "") return;
  // The password, if there is one, is not repeated.
  throw new RangeError(
    `SWEEP_QUEUE must be an address such as redis://user:password@host:6379, or rediss:// for TLS, got ${
      url ? `one of ${url.protocol}//` : "something else"
    }`,
  );
}

/** The connections that BullMQ makes of a given one, to wait for jobs on: it closes them only if the server answers. */
const duplicates = new WeakMap<Redis, Redis[]>();

function noteDuplicates(redis: Redis): void {
  const made: Redis[] = [], duplicate = redis.duplicate.bind(redis);
  duplicates.set(redis, made);
  redis.duplicate = (options) => {
    const another = duplicate(options);
    made.push(another);
    return another;
  };
}

/** How long a server may take to be told that this is the end, in milliseconds. */
const CLOSE_MS = 2000;

/**
 * Closes what uses connections to a server: one that is away is not waited for.
 *
 * @param connections Are closed in any case
 */
export async function closeAll(
  connections: readonly Redis[],
  close: () => Promise<unknown>,
): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const isThere = connections.every(({ status }) => status === "ready");
  const timer = setTimeout(resolve, isThere ? CLOSE_MS : 0);
  await Promise.race([close().catch(() => {}), late]);
  clearTimeout(timer);
  for (const connection of connections) {
    for (const each of [connection, ...duplicates.get(connection) ?? []]) {
      // A second time would hold the process for two seconds.
      if (each.status !== "end") each.disconnect();
    }
  }
}

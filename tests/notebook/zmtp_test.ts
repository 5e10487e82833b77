// The other side is written here by hand, byte by byte, from https://rfc.zeromq.org/spec/23/.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import {
  joinBytes,
  messageBytes,
  type SocketType,
  ZmtpConnection,
} from "../../lib/notebook/zmtp.ts";
import { Channel } from "../../lib/report/engine/channel.ts";

const bytes = (...parts: (string | readonly number[])[]) =>
  Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === "string" ? [...new TextEncoder().encode(part)] : [...part]
    ),
  );
const zeros = (count: number) => new Array<number>(count).fill(0);
const GREETING = bytes([0xff], zeros(8), [0x7f, 3, 0], "NULL", zeros(48));
const READY = bytes([4, 25, 5], "READY", [11], "Socket-Type", [0, 0, 0, 3], "PUB");

/** A listener that reads a client's first bytes, writes its own in pieces, and closes. */
async function withServer(
  pieces: readonly Uint8Array[],
  use: (port: number, received: Promise<Uint8Array>) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const received = Promise.withResolvers<Uint8Array>();
  const serving = (async () => {
    using connection = await listener.accept();
    connection.setNoDelay();
    for (const piece of pieces) {
      for (let done = 0; done < piece.length;) done += await connection.write(piece.subarray(done));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const buffer = new Uint8Array(1000);
    received.resolve(buffer.slice(0, await connection.read(buffer) ?? 0));
  })();
  try {
    await use(listener.addr.port, received.promise);
    await serving;
  } finally {
    listener.close();
  }
}

/** Such as an error's message can show. */
function shortened(text: string): string {
  return text.length > 100 ? `${new Set(text).size} signs, ${text.length} in all` : text;
}

async function receive(
  pieces: readonly Uint8Array[],
  type: SocketType = "SUB",
): Promise<string[][]> {
  let messages: string[][] = [];
  await withServer(pieces, async (port) => {
    const connection = await ZmtpConnection.open(port, type);
    messages = (await Array.fromAsync(connection.messages()))
      .map((frames) => frames.map((frame) => shortened(new TextDecoder().decode(frame))));
    connection.close();
  });
  return messages;
}

Deno.test("ZmtpConnection reads messages however they are cut, and passes over commands", async () => {
  const long = "x".repeat(300), huge = "y".repeat(1_000_000);
  const stream = bytes(
    [1, 3],
    "one",
    [3, 0, 0, 0, 0, 0, 0, 1, 44],
    long,
    [0, 0],
    [4, 5],
    [4, ...new TextEncoder().encode("PING")],
    [2, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x40],
    huge,
    [0, 1],
    "z",
  );
  const right = [["one", shortened(long), ""], [shortened(huge)], ["z"]];
  assert.deepEqual(await receive([GREETING, READY, stream]), right);
  assert.deepEqual(
    await receive([
      GREETING.subarray(0, 11),
      GREETING.subarray(11),
      READY.subarray(0, 1),
      READY.subarray(1),
      ...[0, 1, 2, 4, 5, 9, 14, 15, 200, 316, 320].map((at, i, all) =>
        stream.subarray(at, all[i + 1] ?? stream.length)
      ),
    ]),
    right,
  );
});

Deno.test("ZmtpConnection greets, says what it is, and a subscriber asks for everything", async () => {
  await withServer([GREETING, READY], async (port, received) => {
    const connection = await ZmtpConnection.open(port, "SUB");
    const sent = await received;
    assert.deepEqual(sent.subarray(0, 64), GREETING);
    const ready = bytes([5], "READY", [11], "Socket-Type", [0, 0, 0, 3], "SUB");
    assert.equal(sent[64], 4);
    assert.deepEqual(sent.subarray(66, 66 + ready.length), ready);
    assert.deepEqual(sent.subarray(-3), Uint8Array.of(0, 1, 1));
    connection.close();
  });
});

Deno.test("ZmtpConnection refuses what does not speak ZMTP 3", async () => {
  for (
    const [answer, message] of [
      [bytes("HTTP/1.1 400 Bad Request\r\n\r\n", zeros(64)), /does not speak ZMTP 3/],
      [GREETING.subarray(0, 20), /closed before its greeting/],
    ] as const
  ) {
    await withServer([answer], async (port) => {
      await assert.rejects(ZmtpConnection.open(port, "DEALER"), message);
    });
  }
});

/** A signed message as the kernel sends it. */
function signed(content: unknown, key = "key"): Uint8Array {
  const parts = [{ msg_type: "stream", msg_id: "1" }, {}, {}, content].map((part) =>
    new TextEncoder().encode(JSON.stringify(part))
  );
  const hmac = createHmac("sha256", key);
  for (const part of parts) hmac.update(part);
  const encode = (text: string) => new TextEncoder().encode(text);
  return messageBytes([encode("<IDS|MSG>"), encode(hmac.digest("hex")), ...parts]);
}

/** What a channel tells of bytes that arrive in pieces; an error's message is the last. */
async function told(...pieces: Uint8Array[]): Promise<unknown[]> {
  const heard: unknown[] = [];
  await withServer([GREETING, READY, ...pieces], async (port) => {
    const channel = await Channel.open(port, "SUB", { session: "s", key: "key" });
    try {
      for await (const { content } of channel.messages()) heard.push(content);
    } catch (error) {
      heard.push((error as Error).message);
    }
    channel.close();
  });
  return heard;
}

Deno.test("Channel refuses a message that is not signed with the kernel's key", async () => {
  assert.deepEqual(await told(signed(1), signed(2, "other"), signed(3)), [
    1,
    "A message of the kernel was damaged on its way",
  ]);
});

Deno.test("Channel puts right messages that the kernel wrote into each other", async () => {
  const long = signed("x".repeat(5000)), short = signed("short"), other = signed("other");
  const right = ["short", "x".repeat(5000), "last"];
  // Wherever the long one was cut behind its heads, and however it arrives.
  for (const cut of [1000, 3000, long.length - short.length, long.length - 20, long.length - 1]) {
    const whole = joinBytes([long.subarray(0, cut), short, long.subarray(cut), signed("last")]);
    assert.deepEqual(await told(whole), right, `cut at ${cut}`);
    const pieces = [long.length - 5, long.length + 5].map((at) => whole.subarray(0, at));
    for (const piece of pieces) {
      assert.deepEqual(await told(piece, whole.subarray(piece.length)), right, `cut at ${cut}`);
    }
  }
  const twice = [
    long.subarray(0, 900),
    short,
    long.subarray(900, 2000),
    other,
    long.subarray(2000),
  ];
  assert.deepEqual(await told(...twice, signed("last")), ["short", "other", ...right.slice(1)]);
});

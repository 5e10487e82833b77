/**
 * How a kernel is spoken to: the client's half of ZMTP 3.0 over TCP, without encryption
 * (https://rfc.zeromq.org/spec/23/), as the Deno kernel speaks it.
 *
 * In place of libzmq's binding, which aborts the whole process now and then under Deno 2.9 (when a
 * socket is closed or collected while it waits, and under bursts of output), and needs the right to
 * load native code.
 *
 * @module
 */

/** The kinds of sockets: `DEALER` asks and is answered, `SUB` is told everything. */
export type SocketType = "DEALER" | "SUB";

const MORE = 1, LONG = 2, COMMAND = 4;
const GREETING_BYTES = 64;
/** Bytes asked for at once. */
const CHUNK_BYTES = 1 << 18;

/** A connection to a socket of ZeroMQ that listens on this machine. */
export class ZmtpConnection {
  readonly #connection: Deno.TcpConn;
  readonly #reader = new FrameReader();
  /** Writes go one after the other: a message's frames stay together. */
  #written: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /**
   * Connects to a port of 127.0.0.1.
   *
   * @param identity Who asks: a kernel's sockets tell their clients apart by it
   * @throws {Deno.errors.ConnectionRefused} If nobody listens there yet
   * @throws {Error} If what listens there does not speak ZMTP 3
   */
  static async open(port: number, type: SocketType, identity = ""): Promise<ZmtpConnection> {
    const tcp = await Deno.connect({ hostname: "127.0.0.1", port });
    tcp.setNoDelay();
    const connection = new ZmtpConnection(tcp);
    try {
      await connection.#greet(type, identity);
    } catch (error) {
      connection.close();
      throw error;
    }
    return connection;
  }

  /** Sends a message of several frames. */
  async send(frames: readonly Uint8Array[]): Promise<void> {
    const bytes = messageBytes(frames);
    this.#written = this.#written.then(() => this.#write(bytes));
    await this.#written;
  }

  /** The messages that arrive, until the connection ends: each is a list of frames. */
  async *messages(): AsyncGenerator<Uint8Array[]> {
    let message: Uint8Array[] = [];
    while (true) {
      for (let frame = this.#reader.next(); frame; frame = this.#reader.next()) {
        if (frame.flags & COMMAND) continue;
        message.push(frame.body);
        if (frame.flags & MORE) continue;
        yield message;
        message = [];
      }
      if (!await this.#read()) return;
    }
  }

  /** What has arrived behind the last message; if nothing has, waits for some. Empty at the end. */
  async rest(): Promise<Uint8Array> {
    while (this.#reader.length === 0 && await this.#read());
    return this.#reader.take(this.#reader.length)!;
  }

  /** Lets bytes be read as if they came now, before all others. */
  putBack(bytes: Uint8Array): void {
    this.#reader.putBack(bytes);
  }

  /** Ends the connection; {@linkcode messages} ends, too. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.close();
  }

  async #greet(type: SocketType, identity: string): Promise<void> {
    const greeting = new Uint8Array(GREETING_BYTES);
    greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0]);
    greeting.set(encoder.encode("NULL"), 12);
    await this.#write(greeting);
    let theirs: Uint8Array | undefined;
    while (!(theirs = this.#reader.take(GREETING_BYTES))) {
      if (!await this.#read()) throw new Error("The kernel's socket closed before its greeting");
    }
    if (theirs[0] !== 0xff || theirs[10]! < 3) {
      throw new Error("What listens on the kernel's port does not speak ZMTP 3");
    }
    const ready = joinBytes([
      Uint8Array.of(5),
      encoder.encode("READY"),
      property("Socket-Type", type),
      property("Identity", identity),
    ]);
    await this.#write(joinBytes([frameHead(ready.length, COMMAND), ready]));
    if (type === "SUB") await this.send([Uint8Array.of(1)]); // to everything
  }

  async #read(): Promise<boolean> {
    if (this.#closed) return false;
    try {
      const chunk = new Uint8Array(CHUNK_BYTES);
      const count = await this.#connection.read(chunk);
      if (count === null) return false;
      this.#reader.push(chunk.subarray(0, count));
      return true;
    } catch (error) {
      // A kernel that was killed resets its connections.
      if (this.#closed || error instanceof Deno.errors.ConnectionReset) return false;
      throw error;
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      done += await this.#connection.write(bytes.subarray(done));
    }
  }
}

/** A message as it is sent. */
export function messageBytes(frames: readonly Uint8Array[]): Uint8Array {
  return joinBytes(frames.flatMap((frame, i) => [
    frameHead(frame.length, i < frames.length - 1 ? MORE : 0),
    frame,
  ]));
}

/** The message that bytes begin with, and how many it takes; undefined if it goes on behind them. */
export function readMessage(
  bytes: Uint8Array,
): { frames: Uint8Array[]; length: number } | undefined {
  const reader = new FrameReader(), frames: Uint8Array[] = [];
  reader.putBack(bytes);
  while (true) {
    const frame = reader.next();
    if (!frame) return undefined;
    frames.push(frame.body);
    if (!(frame.flags & MORE)) return { frames, length: bytes.length - reader.length };
  }
}

/** Cuts bytes that arrive in pieces into frames, each of which is copied at most once. */
class FrameReader {
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  /** How many bytes wait. */
  get length(): number {
    return this.#bytes;
  }

  putBack(bytes: Uint8Array): void {
    this.#chunks.unshift(bytes);
    this.#bytes += bytes.length;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** The next frame, if all of it has arrived. */
  next(): { flags: number; body: Uint8Array } | undefined {
    if (this.#bytes < 2) return undefined;
    const head = this.#peek(Math.min(9, this.#bytes));
    const flags = head[0]!;
    const headLength = flags & LONG ? 9 : 2;
    if (head.length < headLength) return undefined;
    const length = flags & LONG
      ? Number(new DataView(head.buffer, head.byteOffset).getBigUint64(1))
      : head[1]!;
    if (this.#bytes < headLength + length) return undefined;
    this.take(headLength);
    return { flags, body: this.take(length)! };
  }

  /** The next bytes, if there are as many. */
  take(count: number): Uint8Array | undefined {
    if (this.#bytes < count) return undefined;
    const bytes = this.#peek(count);
    this.#bytes -= count;
    let used = 0;
    while (used < this.#chunks.length && this.#chunks[used]!.length <= count) {
      count -= this.#chunks[used++]!.length;
    }
    this.#chunks.splice(0, used);
    if (count > 0) this.#chunks[0] = this.#chunks[0]!.subarray(count);
    return bytes;
  }

  #peek(count: number): Uint8Array {
    const first = this.#chunks[0];
    if (!first || count <= first.length) return (first ?? new Uint8Array()).subarray(0, count);
    const bytes = new Uint8Array(count);
    let done = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk.subarray(0, count - done), done);
      done += Math.min(chunk.length, count - done);
      if (done === count) break;
    }
    return bytes;
  }
}

const encoder = new TextEncoder();

function frameHead(length: number, flags: number): Uint8Array {
  if (length < 256) return Uint8Array.of(flags, length);
  const head = new Uint8Array(9);
  head[0] = flags | LONG;
  new DataView(head.buffer).setBigUint64(1, BigInt(length));
  return head;
}

function property(name: string, value: string): Uint8Array {
  const bytes = encoder.encode(value), length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return joinBytes([Uint8Array.of(name.length), encoder.encode(name), length, bytes]);
}

/** One array of all bytes. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let done = 0;
  for (const part of parts) {
    bytes.set(part, done);
    done += part.length;
  }
  return bytes;
}

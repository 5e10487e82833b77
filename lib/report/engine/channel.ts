import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import {
  joinBytes,
  messageBytes,
  readMessage,
  type SocketType,
  ZmtpConnection,
} from "../../notebook/zmtp.ts";

/** A message of the Jupyter protocol (https://jupyter-client.readthedocs.io, "Messaging"). */
export interface Message {
  readonly header: { readonly msg_id: string; readonly msg_type: string };
  readonly parent_header: { readonly msg_id?: string };
  readonly content: Record<string, unknown>;
}

const DELIMITER = "<IDS|MSG>";
/** Header, parent's header, metadata and content: what is signed. */
const PARTS = 4;

/** How a message of the kernel begins: a frame of nine bytes, with more behind it. */
const BEGIN = Uint8Array.from([1, DELIMITER.length, ...new TextEncoder().encode(DELIMITER)]);

/** One of a kernel's sockets: signed messages instead of frames of bytes. */
export class Channel {
  readonly #connection: ZmtpConnection;
  readonly #session: string;
  readonly #key: string;

  private constructor(connection: ZmtpConnection, session: string, key: string) {
    this.#connection = connection;
    this.#session = session;
    this.#key = key;
  }

  /** Connects to a kernel's socket; see {@linkcode ZmtpConnection.open}. */
  static async open(
    port: number,
    type: SocketType,
    { session, key }: { session: string; key: string },
  ): Promise<Channel> {
    const connection = await ZmtpConnection.open(port, type, type === "DEALER" ? session : "");
    return new Channel(connection, session, key);
  }

  /** Sends a message. */
  async send(type: string, content: unknown, id: string = crypto.randomUUID()): Promise<void> {
    const header = {
      msg_id: id,
      msg_type: type,
      username: "report",
      session: this.#session,
      date: new Date().toISOString(),
      version: "5.3",
    };
    const parts = [header, {}, {}, content].map((part) => encode(JSON.stringify(part)));
    await this.#connection.send([encode(DELIMITER), encode(this.#sign(parts)), ...parts]);
  }

  /**
   * The messages that arrive, until the connection ends.
   *
   * @throws {Error} If one is not the kernel's, or was damaged on its way
   */
  async *messages(): AsyncGenerator<Message> {
    for await (const frames of this.#connection.messages()) {
      yield this.#read(frames) ?? await this.#untangle(frames);
    }
  }

  /** Ends the connection. */
  close(): void {
    this.#connection.close();
  }

  /** The message, if its signature is right. */
  #read(frames: readonly Uint8Array[]): Message | undefined {
    const start = frames.findIndex((frame) => frame.length === 9 && decode(frame) === DELIMITER);
    const parts = frames.slice(start + 2, start + 2 + PARTS);
    const signature = start < 0 ? undefined : frames[start + 1];
    if (parts.length < PARTS || !signature || !equal(signature, encode(this.#sign(parts)))) {
      return undefined;
    }
    const [header, parent, , content] = parts.map((part) => JSON.parse(decode(part)));
    return { header, parent_header: parent, content };
  }

  /**
   * The Deno kernel (2.9) lets two messages be written at a time: what the system does not take of a
   * long one at once may come behind a short one. So the short one is looked for within, and taken out:
   * the signatures of both say whether that is right.
   *
   * @returns The one within; the other is read next
   */
  async #untangle(frames: readonly Uint8Array[]): Promise<Message> {
    let bytes = messageBytes(frames), at = 0;
    while (true) {
      const found = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(
        BEGIN,
        at + 1,
      );
      const inner = found < 0 ? undefined : readMessage(bytes.subarray(found));
      const message = inner && this.#read(inner.frames);
      if (message) {
        const rest = [bytes.subarray(0, found), bytes.subarray(found + inner.length)];
        this.#connection.putBack(joinBytes(rest));
        return message;
      }
      if (inner) {
        at = found;
      } else if (found >= 0 || endsInBeginning(bytes)) {
        const more = await this.#connection.rest();
        if (more.length === 0) break;
        bytes = joinBytes([bytes, more]);
      } else break;
    }
    throw new Error("A message of the kernel was damaged on its way");
  }

  #sign(parts: readonly Uint8Array[]): string {
    const hmac = createHmac("sha256", this.#key);
    for (const part of parts) hmac.update(part);
    return hmac.digest("hex");
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

/** Whether bytes end in the first ones of a message. */
function endsInBeginning(bytes: Uint8Array): boolean {
  for (let length = BEGIN.length - 1; length > 0; length--) {
    if (equal(bytes.subarray(bytes.length - length), BEGIN.subarray(0, length))) return true;
  }
  return false;
}

const encoder = new TextEncoder(), decoder = new TextDecoder();

function encode(text: string): Uint8Array {
  return encoder.encode(text);
}

function decode(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

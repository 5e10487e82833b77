import { join } from "@std/path";
import { bytesOf } from "../lib/base/bytes_of.ts";

/** What a peer's script reads and writes: files of a temporary folder, until it is disposed of. */
export class PeerFiles implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Makes the folder. */
  static async open(): Promise<PeerFiles> {
    return new PeerFiles(await Deno.makeTempDir());
  }

  /** The path of a file, by its name. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** Writes the bytes of arrays, each to the file of its name. */
  async write(arrays: Readonly<Record<string, ArrayBufferView>>): Promise<void> {
    for (const [name, array] of Object.entries(arrays)) {
      await Deno.writeFile(this.path(name), bytesOf(array) as Uint8Array<ArrayBuffer>);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

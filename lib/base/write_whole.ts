import { basename, dirname, join } from "@std/path";

let parts = 0;

/**
 * Writes a file whole or not at all: into a part beside it, which is on the disk before it takes the
 * file's name. A failure leaves what was there before, and no part.
 *
 * @param options.lasting Whether it must outlive a power cut at once; not so what can be had again, and has a digest
 * @throws {TypeError} If `path` is a folder
 * @throws {Error} If the file cannot be written, with its path
 */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  { lasting = true }: { readonly lasting?: boolean } = {},
): Promise<void> {
  const part = join(dirname(path), `.${basename(path)}.${Deno.pid}-${parts++}.part`);
  const write = () =>
    lasting
      ? writeToDisk(part, content)
      : Deno.writeFile(part, bytesOf(content), { createNew: true });
  try {
    try {
      await write();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      await Deno.mkdir(dirname(path), { recursive: true });
      await write();
    }
    await Deno.rename(part, path);
  } catch (cause) {
    await Deno.remove(part).catch(() => {});
    if ((await Deno.stat(path).catch(() => undefined))?.isDirectory) {
      throw new TypeError(`Cannot write ${path}: it is a folder`);
    }
    throw new Error(`Cannot write ${path}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}

/** Writes a new file that is on the disk, and not only on its way there, when this returns. */
export async function writeToDisk(path: string, content: string | Uint8Array): Promise<void> {
  const bytes = bytesOf(content);
  using file = await Deno.open(path, { write: true, createNew: true });
  for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
  await file.sync();
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

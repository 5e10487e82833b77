import { digest } from "../../lib/base/digest.ts";

/** A saved estimator's file, taken apart. */
export interface SavedParts {
  // deno-lint-ignore no-explicit-any
  rest: any;
  /** The arrays by name, each as its bytes. */
  arrays: Record<string, Uint8Array<ArrayBuffer>>;
}

/** Takes a file apart and writes it again with a right digest, changed. */
export async function rewriteSaved(
  path: string,
  change: (parts: SavedParts) => void,
  bytesOf: (name: string) => number,
): Promise<void> {
  const bytes = await Deno.readFile(path),
    decode = (part: Uint8Array) => JSON.parse(new TextDecoder().decode(part));
  const first = bytes.indexOf(10), second = bytes.indexOf(10, first + 1);
  const rest = decode(bytes.slice(first + 1, second)), arrays: SavedParts["arrays"] = {};
  let from = second + 1;
  for (const { name, shape } of rest.arrays as { name: string; shape: number[] }[]) {
    const size = shape.reduce((a, b) => a * b, bytesOf(name));
    arrays[name] = bytes.slice(from, from += size);
  }
  change({ rest, arrays });
  const content = await new Blob([JSON.stringify(rest) + "\n", ...Object.values(arrays)]).bytes();
  const mark = { ...decode(bytes.slice(0, first)), sha256: digest(content) };
  await Deno.writeFile(path, await new Blob([JSON.stringify(mark) + "\n", content]).bytes());
}

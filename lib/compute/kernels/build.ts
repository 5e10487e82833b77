/**
 * `deno task build:kernels`: compiles the AssemblyScript sources to `kernels.wasm`.
 *
 * @module
 */
import { join } from "@std/path";
import asc from "assemblyscript/asc";

const FOLDER = import.meta.dirname!;
const LIBRARY = join(FOLDER, "..", "..");

/** The rooms that have kernels; each keeps its own sources in its folder `assembly`. */
const ROOMS = ["backend", "classifiers", "cnn", "compute", "metrics", "neighbors", "svm", "umap"];

/** Where the compiled kernels are. */
export const KERNELS_FILE = join(FOLDER, "kernels.wasm");

/** Where the compiler may place data of its own; the kernels have none. */
const RESERVED_BYTES = 65536;

/** The sources of all rooms: path by file name, which must differ between rooms. */
export function kernelSources(): Map<string, string> {
  return new Map(
    ROOMS.map((room) => join(LIBRARY, room, "assembly"))
      .flatMap((folder) =>
        [...Deno.readDirSync(folder)].map(({ name }) => [name, join(folder, name)] as const)
      ).sort(([a], [b]) => a < b ? -1 : 1),
  );
}

/**
 * Compiles the kernels.
 *
 * @throws {Error} With the compiler's messages, if it does not accept the sources
 */
export async function compileKernels(): Promise<Uint8Array<ArrayBuffer>> {
  const paths = kernelSources();
  let wasm: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await asc.main([
    // The exports of every file become the module's.
    ...paths.keys(),
    "--outFile",
    "kernels.wasm",
    "--runtime",
    "stub",
    "--noAssert",
    "-O3",
    "--converge",
    "--enable",
    "simd,relaxed-simd,threads,bulk-memory",
    "--importMemory",
    "--sharedMemory",
    "--initialMemory",
    "16",
    "--maximumMemory",
    "65536",
    "--memoryBase",
    String(RESERVED_BYTES),
    "--use",
    "abort=",
  ], {
    readFile: (name) => {
      const path = paths.get(name);
      return path === undefined ? null : Deno.readTextFileSync(path);
    },
    writeFile: (name, contents) => {
      if (name === "kernels.wasm") {
        wasm = new Uint8Array(contents as Uint8Array);
      }
    },
    listFiles: () => [],
  });
  if (error || !wasm) {
    throw new Error(`${error?.message ?? "No output"}\n${stderr}`);
  }
  return wasm;
}

if (import.meta.main) {
  const bytes = await compileKernels();
  const part = `${KERNELS_FILE}.part`;
  await Deno.writeFile(part, bytes);
  await Deno.rename(part, KERNELS_FILE);
  console.log(`kernels.wasm: ${bytes.length} bytes`);
}

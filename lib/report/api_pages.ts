import { join } from "@std/path";

/** Finds the page of the API that tells of an exported name; `room` is "" for the library's face. */
export type FindApi = (name: string, room: string) => string | undefined;

/** The folder beside the reports into which `deno task docs` writes. */
const FOLDER = "api";
/** In it, and in a folder of each room, the pages of names lie in a folder of this name. */
const NAMES = "~";

/**
 * Finds pages of the API beside the reports, as far as they are there.
 *
 * @param out The folder of the reports
 * @returns Addresses relative to it
 */
export function apiPages(out: string): FindApi {
  const rooms = new Map<string, ReadonlySet<string>>();
  return (name, room) => {
    const parts = [FOLDER, ...(room === "" ? [] : [room]), NAMES];
    const files = rooms.get(room) ?? listFiles(join(out, ...parts));
    rooms.set(room, files);
    const file = `${name}.html`;
    // Listed, not looked for: some systems would find a file whose name has other capitals.
    return files.has(file) ? [...parts, file].map(encodeURIComponent).join("/") : undefined;
  };
}

/** The first page of the API beside the reports, if it is there. */
export function apiIndex(out: string): string | undefined {
  return listFiles(join(out, FOLDER)).has("index.html") ? `${FOLDER}/index.html` : undefined;
}

function listFiles(folder: string): ReadonlySet<string> {
  try {
    return new Set(Array.from(Deno.readDirSync(folder), ({ name }) => name));
  } catch {
    return new Set();
  }
}

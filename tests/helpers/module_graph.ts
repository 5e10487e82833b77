/**
 * What imports what, by Deno's own module graph (`deno info --json`).
 *
 * @module
 */
import { join } from "@std/path";
import { pathToFileURL } from "node:url";

/** A module with all that it imports, types included. */
export interface Module {
  readonly specifier: string;
  readonly imports: readonly string[];
}

interface Reference {
  readonly specifier?: string;
  readonly error?: string;
}

/**
 * All modules that are reached from some files.
 *
 * @param files Paths of TypeScript files
 * @param config Path of the `deno.json` whose import map counts
 */
export async function moduleGraph(files: readonly string[], config: string): Promise<Module[]> {
  const folder = await Deno.makeTempDir();
  try {
    const entry = join(folder, "entry.ts");
    const lines = files.map((file) => `import ${JSON.stringify(pathToFileURL(file).href)};\n`);
    await Deno.writeTextFile(entry, lines.join(""));
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--no-lock", "--config", config, entry],
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
      modules: {
        specifier: string;
        error?: string;
        dependencies?: { specifier: string; code?: Reference; type?: Reference }[];
      }[];
    };
    return modules
      .filter(({ specifier }) => !specifier.startsWith(pathToFileURL(folder).href))
      .map(({ specifier, error, dependencies = [] }) => {
        if (error) throw new Error(error);
        const imports = dependencies.flatMap(({ code, type }) =>
          [code, type].flatMap((reference) => {
            if (reference?.error) throw new Error(`${specifier}: ${reference.error}`);
            return reference?.specifier ?? [];
          })
        );
        return { specifier, imports: [...new Set(imports)] };
      });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The TypeScript files below a folder, AssemblyScript left out. */
export function sourcesBelow(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    const path = join(folder, name);
    if (isDirectory) return name === "assembly" ? [] : sourcesBelow(path);
    return name.endsWith(".ts") ? [path] : [];
  }).sort();
}

/**
 * `deno task classify`: tells what pictures show, by a pipeline that was saved.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { resolve } from "@std/path";
import { loadPipeline } from "./save_pipeline.ts";
import type { Pipeline } from "./pipeline.ts";

const USAGE = `Tells what pictures show, by a pipeline that savePipeline() wrote.

  deno task classify [--json] FOLDER IMAGE ...

  --json   a line of JSON for each picture: file, className, label, decisionValues, runnerUp, margin
  FOLDER   the pipeline's folder
  IMAGE    JPEG, PNG, WebP, AVIF, TIFF or GIF

Prints a line for each picture: file, class, runner-up, and by how much the class is ahead of it (decision
values of the classifier). Pictures that cannot be read are told on standard error.
Exit code: 0; 1 if a picture could not be read; 2 if the call or the pipeline is unusable.
Environment: COMPUTE, COMPUTE_THREADS, COMPUTE_BLAS: see README.md.
`;

/** Where the command was given: tasks run in the project's folder. */
const HERE = Deno.env.get("INIT_CWD") ?? Deno.cwd();

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  let pipeline: Pipeline, images: string[], json: boolean;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: "boolean" }, help: { type: "boolean", short: "h" } },
    });
    if (values.help) {
      console.log(USAGE);
      return 0;
    }
    const [folder, ...rest] = positionals;
    if (folder === undefined || rest.length === 0) {
      throw new RangeError("classify needs a pipeline's folder and pictures: see --help");
    }
    [images, json] = [rest, values.json ?? false];
    pipeline = await loadPipeline(resolve(HERE, folder));
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  let unreadable = 0;
  for (const image of images) {
    try {
      const found = await pipeline.classify(resolve(HERE, image));
      const { className, runnerUp, margin } = found;
      console.log(
        json
          ? JSON.stringify({ file: image, ...found })
          : `${image}: ${className}, then ${runnerUp} by ${Number(margin.toPrecision(4))}`,
      );
    } catch (error) {
      unreadable++;
      console.error(`${image}: ${(error as Error).message}`);
    }
  }
  if (unreadable > 0) {
    console.error(`${unreadable} of ${images.length} pictures could not be read`);
  }
  return unreadable > 0 ? 1 : 0;
}

import { join } from "@std/path";

/** A running server of Jupyter Notebook. */
export interface JupyterServer extends AsyncDisposable {
  /** Address of its page, with a slash at the end. */
  readonly url: string;
  /** The folder whose notebooks it shows. */
  readonly folder: string;
}

/** The program, and the release that is driven: later ones have another page. */
const PROGRAM = "jupyter-notebook", RELEASE = /^6\./;
/** How long its start may take, in milliseconds. */
const START_MS = 60_000;

/**
 * Starts Jupyter Notebook with a Deno kernel, apart from whatever the user has set up.
 *
 * @param folder Where it keeps all that it writes; its notebooks are in a folder of it
 * @param env What kernels find in their environment
 * @returns `undefined` if it is not installed, or is another release
 */
export async function startJupyter(
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<JupyterServer | undefined> {
  const version = await new Deno.Command(PROGRAM, { args: ["--version"] }).output()
    .then(({ stdout }) => new TextDecoder().decode(stdout).trim(), () => "");
  if (!RELEASE.test(version)) return undefined;
  const data = join(folder, "data"), runtime = join(folder, "runtime");
  const root = join(folder, "root"), kernel = join(data, "kernels", "deno");
  for (const each of [runtime, root, kernel]) await Deno.mkdir(each, { recursive: true });
  const argv = [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"];
  await Deno.writeTextFile(
    join(kernel, "kernel.json"),
    JSON.stringify({ argv, display_name: "Deno", language: "typescript" }),
  );
  const { CIFAR10_ARCHIVE: _, ...inherited } = Deno.env.toObject();
  const process = new Deno.Command(PROGRAM, {
    args: [
      "--no-browser",
      "--allow-root",
      "--ip=127.0.0.1",
      "--port-retries=100",
      "--NotebookApp.token=",
      "--NotebookApp.password=",
      `--notebook-dir=${root}`,
    ],
    env: {
      ...inherited,
      JUPYTER_CONFIG_DIR: join(folder, "config"),
      JUPYTER_DATA_DIR: data,
      JUPYTER_RUNTIME_DIR: runtime,
      IPYTHONDIR: join(folder, "ipython"),
      ...env,
    },
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const stop = async () => {
    // It ends its kernels, too.
    process.kill("SIGTERM");
    await process.status;
  };
  const url = await findUrl(runtime, process);
  if (url === undefined) {
    await stop().catch(() => {});
    throw new Error("Jupyter Notebook is installed, but its server does not start");
  }
  return { url, folder: root, [Symbol.asyncDispose]: stop };
}

/** Waits for the file in which the server says where it is. */
async function findUrl(runtime: string, { pid }: Deno.ChildProcess): Promise<string | undefined> {
  const end = performance.now() + START_MS;
  while (performance.now() < end) {
    try {
      const { url } = JSON.parse(await Deno.readTextFile(join(runtime, `nbserver-${pid}.json`)));
      return url;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  return undefined;
}

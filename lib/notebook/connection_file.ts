/** Names the connection file in the environment of kernels that a report starts. */
export const CONNECTION_VARIABLE = "REPORT_CONNECTION_FILE";

/**
 * The file that says where this process, a notebook's kernel, listens: it stands in the command line
 * that Jupyter started it with, which Deno does not show to cells.
 *
 * @returns Its path, or undefined where the command line cannot be read
 */
export async function connectionFile(): Promise<string | undefined> {
  return Deno.env.get(CONNECTION_VARIABLE) ?? fileOf(await commandLine());
}

/** The file named after `--conn`. */
function fileOf(args: readonly string[]): string | undefined {
  const option = args.indexOf("--conn");
  return option < 0 ? args.find((arg) => arg.startsWith("--conn="))?.slice(7) : args[option + 1];
}

async function commandLine(): Promise<string[]> {
  if (Deno.build.os === "linux") {
    return (await Deno.readTextFile("/proc/self/cmdline")).split("\0");
  }
  if (Deno.build.os === "darwin") {
    const ps = new Deno.Command("ps", { args: ["-ww", "-o", "args=", "-p", String(Deno.pid)] });
    const text = new TextDecoder().decode((await ps.output()).stdout).trim();
    // Its last argument is the path, which may hold blanks.
    return text.split(/ (--conn)[ =]/);
  }
  return [];
}

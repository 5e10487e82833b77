/**
 * Runs a kernel and ends it when the report ends, however that happens: even a killed process closes
 * its end of the pipe that is this program's standard input. It says on standard output which process
 * the kernel is and how it ended. (A kernel cannot do that by itself: while it starts, no cell of ours
 * runs in it; while a cell computes, nothing else does.)
 *
 * Arguments: the kernel's folder, its connection file, the folder to work in.
 *
 * @module
 */
const [folder, connectionFile, cwd] = Deno.args as [string, string, string];

const kernel = new Deno.Command(Deno.execPath(), {
  args: ["jupyter", "--kernel", "--conn", connectionFile],
  cwd,
  stdin: "null",
  stdout: "null",
  stderr: "inherit",
}).spawn();

const isWindows = Deno.build.os === "windows";
// A terminal sends its signals to all processes of the report; the report says what becomes of this one.
for (const signal of isWindows ? ["SIGINT"] as const : ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.addSignalListener(signal, () => {});
}
say({ pid: kernel.pid });
void endWithReport();
const { code, signal } = await kernel.status;
try {
  Deno.removeSync(folder, { recursive: true });
} catch {
  // The next start removes it.
}
say({ code, signal });
Deno.exit();

async function endWithReport(): Promise<void> {
  const buffer = new Uint8Array(1);
  while (await Deno.stdin.read(buffer).catch(() => null) !== null);
  try {
    kernel.kill("SIGKILL");
  } catch {
    // It has ended already.
  }
}

function say(fact: Record<string, unknown>): void {
  try {
    Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(fact)}\n`));
  } catch {
    // The report has gone.
  }
}

/**
 * Runs a kernel and ends it when the report ends, however that happens: even a killed process closes
 * its end of the pipe that is this program's standard input. The first line that comes through it is the
 * content of the kernel's connection file; before that nothing is made that could be left behind. It says on
 * standard output which process the kernel is and how it ended. (A kernel cannot do that by itself: while it
 * starts, no cell of ours runs in it; while a cell computes, nothing else does.)
 *
 * Arguments: the kernel's folder, which is made and removed, its lock, its connection file, the folder to
 * work in.
 *
 * @module
 */
const [folder, lockFile, connectionFile, cwd] = Deno.args as [string, string, string, string];

const connection = await readLine();
if (connection === undefined) Deno.exit();
Deno.mkdirSync(folder, { mode: 0o700 });
// Held while this process lives, so that another can tell a folder that was left behind.
const lock = Deno.openSync(lockFile, { write: true, createNew: true });
lock.lockSync(true);
Deno.writeTextFileSync(connectionFile, connection);

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
lock.close();
try {
  Deno.removeSync(folder, { recursive: true });
} catch {
  // The next start removes it.
}
say({ code, signal });
Deno.exit();

/** The first line of standard input; nothing if it ends before. */
async function readLine(): Promise<string | undefined> {
  const buffer = new Uint8Array(1024), decoder = new TextDecoder();
  for (let line = "";;) {
    const length = await Deno.stdin.read(buffer);
    if (length === null) return undefined;
    line += decoder.decode(buffer.subarray(0, length), { stream: true });
    if (line.endsWith("\n")) return line;
  }
}

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

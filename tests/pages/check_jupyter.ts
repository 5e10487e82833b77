/**
 * `deno task check:jupyter`: drives the kernel with Jupyter's own client (Debian's
 * `python3-jupyter-client`): every output of “Run all” under its own cell, and variables kept whatever
 * an interrupt meets.
 *
 * @module
 */
import { join } from "@std/path";
import { CLEAN_UP, INTERRUPT_CASES, KEPT, SET_UP, SHOW_KEPT } from "./interrupt_cases.ts";

/** What `drive_jupyter.py` prints. */
interface Outcome {
  readonly run_all: { readonly outputs: number; readonly astray: number };
  readonly interrupts: Readonly<Record<string, { said: string | null; kept: boolean }>>;
}

/** Cells that are run at once, and what each puts out: two lines, a display and a result. */
const CELLS = 240, OUTPUTS = 4;
const here = import.meta.dirname!;
const python = await findPython();
if (python === undefined) {
  console.log("Skipped: no Python with jupyter_client is installed (python3-jupyter-client)");
  Deno.exit(0);
}
const { stdout, success } = await new Deno.Command(python, {
  args: [
    join(here, "drive_jupyter.py"),
    Deno.execPath(),
    join(here, "../../notebooks"),
    String(CELLS),
    JSON.stringify({
      setUp: SET_UP,
      cleanUp: CLEAN_UP,
      show: SHOW_KEPT,
      kept: KEPT,
      cases: INTERRUPT_CASES,
    }),
  ],
  stderr: "inherit",
}).output();
if (!success) Deno.exit(1);
const { run_all: all, interrupts }: Outcome = JSON.parse(new TextDecoder().decode(stdout));

let failures = 0;
check(`Run all: ${all.outputs} of ${CELLS * OUTPUTS} outputs, ${all.astray} under a wrong cell`, [
  all.outputs === CELLS * OUTPUTS,
  all.astray === 0,
]);
for (const { name, says } of INTERRUPT_CASES) {
  const { said, kept } = interrupts[name]!;
  check(
    `Interrupt, ${name}: variables ${kept ? "kept" : "lost"}${said === null ? "" : `; “${said}”`}`,
    [kept, says === undefined || new RegExp(says).test(said ?? "")],
  );
}
Deno.exit(failures === 0 ? 0 : 1);

function check(what: string, conditions: readonly boolean[]): void {
  const isFine = conditions.every((condition) => condition);
  if (!isFine) failures++;
  console.log(`${isFine ? "ok    " : "FAILED"}  ${what}`);
}

async function findPython(): Promise<string | undefined> {
  for (const name of ["python3", "/usr/bin/python3", "python"]) {
    const command = new Deno.Command(name, { args: ["-c", "import jupyter_client"] });
    const found = await command.output().then(({ success }) => success, () => false);
    if (found) return name;
  }
  return undefined;
}

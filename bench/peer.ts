import { join } from "@std/path";

/** Debian's Python, which has the peers' packages. */
const PYTHON = Deno.env.get("PYTHON") ?? "/usr/bin/python3";

/**
 * Runs a script of `bench/peers/` and returns what it printed last, as JSON.
 *
 * @throws {Error} If it fails, with what it printed
 */
export async function runPeer<T>(script: string, ...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await new Deno.Command(PYTHON, {
    args: [join(import.meta.dirname!, "peers", script), ...args],
  }).output();
  const text = new TextDecoder().decode(stdout).trim();
  if (code !== 0) {
    throw new Error(`${script} failed: ${new TextDecoder().decode(stderr).slice(-2000)}`);
  }
  return JSON.parse(text.split("\n").at(-1)!);
}

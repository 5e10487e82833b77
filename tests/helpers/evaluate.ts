/**
 * What a program prints in a process of its own, with variables of its own in the environment (which all
 * test files of one run share).
 */
export async function evaluate(code: string, variables: Record<string, string | undefined>) {
  const env = Object.entries({ ...Deno.env.toObject(), NO_COLOR: "1", ...variables })
    .filter((entry): entry is [string, string] => entry[1] !== undefined);
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", code],
    cwd: new URL("../..", import.meta.url),
    clearEnv: true,
    env: Object.fromEntries(env),
  }).output();
  const text = (bytes: Uint8Array<ArrayBuffer>) => new TextDecoder().decode(bytes).trim();
  return { printed: text(stdout), complaint: text(stderr) };
}

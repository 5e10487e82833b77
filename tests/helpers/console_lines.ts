/** What is warned of while something runs. */
export async function warnings(work: () => unknown): Promise<string[]> {
  const said: string[] = [], { warn } = console;
  console.warn = (text: string) => said.push(text);
  try {
    await work();
  } finally {
    console.warn = warn;
  }
  return said;
}

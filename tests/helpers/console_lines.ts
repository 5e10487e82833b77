/** What is warned of while something runs. */
export function warnings(work: () => unknown): Promise<string[]> {
  return consoleLines("warn", work);
}

/** What is written on the console by one of its functions while something runs. */
export async function consoleLines(
  method: "log" | "warn",
  work: () => unknown,
): Promise<string[]> {
  const said: string[] = [], before = console[method];
  console[method] = (text: string) => said.push(text);
  try {
    await work();
  } finally {
    console[method] = before;
  }
  return said;
}

/**
 * Says how much room is needed where, if a disk or a quota is full; `undefined` for another error.
 *
 * @param folder Where was written
 * @param needed In bytes
 */
export function fullDisk(error: unknown, folder: string, needed: number): Error | undefined {
  const { code, message } = error as Error & { code?: string };
  if (
    !["ENOSPC", "EDQUOT"].includes(code ?? "") && !/no space left|quota exceeded/i.test(message)
  ) {
    return undefined;
  }
  const mib = Math.ceil(needed / 2 ** 20);
  return new Error(`The disk is full: ${mib} MiB are needed in ${folder}`, { cause: error });
}

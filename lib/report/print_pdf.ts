import { writeWhole } from "../base/write_whole.ts";
import { join } from "@std/path";
import { pathToFileURL } from "node:url";

/** Where Chromium and its kin are: names on the PATH, then full paths. */
const BROWSERS: readonly string[] = {
  darwin: [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
  ],
  windows: [
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
  ],
}[Deno.build.os as string] ?? ["chromium", "chromium-browser", "google-chrome"];

/** Longest time that a page may take to print, in milliseconds. */
const PRINT_TIMEOUT_MS = 120_000;

/**
 * Finds a Chromium: the one that the environment variable `CHROMIUM` names, or one in its usual place.
 *
 * @throws {RangeError} If there is none that starts
 */
export async function findChromium(named = Deno.env.get("CHROMIUM")): Promise<string> {
  for (const browser of named ? [named] : BROWSERS) {
    try {
      const { success } = await new Deno.Command(browser, {
        args: ["--version"],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).output();
      if (success) return browser;
    } catch {
      // It is not there.
    }
  }
  throw new RangeError(
    named
      ? `Cannot print pages as PDF: CHROMIUM names ${named}, which does not start`
      : `Cannot print pages as PDF: no Chromium is found (${BROWSERS.join(", ")}). Install one, ` +
        "or name its program in the environment variable CHROMIUM; a browser's own Print does it, too",
  );
}

/**
 * Prints a page as a PDF file, as the browser's own Print does.
 *
 * @throws {Error} If the browser fails, with its words, or takes longer than two minutes
 */
export async function printPdf(browser: string, page: string, pdf: string): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "deep-features-pdf-" });
  const printed = join(folder, "page.pdf");
  try {
    const { success, stderr } = await new Deno.Command(browser, {
      args: [
        "--headless",
        "--disable-gpu",
        "--no-pdf-header-footer",
        // Chromium's sandbox does not start as root.
        ...(Deno.uid() === 0 ? ["--no-sandbox"] : []),
        `--user-data-dir=${join(folder, "profile")}`,
        `--print-to-pdf=${printed}`,
        String(pathToFileURL(page)),
      ],
      stdin: "null",
      stdout: "null",
      signal: AbortSignal.timeout(PRINT_TIMEOUT_MS),
    }).output();
    const bytes = await Deno.readFile(printed).catch(() => undefined);
    if (!success || !bytes) {
      const words = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
      throw new Error(`Cannot print ${page}: the browser failed${words ? `: ${words}` : ""}`);
    }
    await writeWhole(pdf, bytes);
  } finally {
    await Deno.remove(folder, { recursive: true }).catch(() => {});
  }
}

import { type Browser, chromium, type Page } from "playwright-core";

/** The browser that drives the pages: the environment variable CHROMIUM, or Debian's place. */
export const CHROMIUM = Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium";

/** Starts the browser. */
export async function launchBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: CHROMIUM,
    // No GPU: what is smooth here is smooth anywhere. Emulated phones switch touch on in the page only,
    // and too late for its frames.
    args: [
      "--disable-gpu",
      "--touch-events=enabled",
      "--disable-quic",
      "--disable-background-networking",
    ],
  });
}

/** Collects what a page must not do: complain, fail, or ask another place for anything. */
export function watch(page: Page): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) {
      complaints.push(`console: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (!/^(file|data|blob|about):/.test(request.url())) {
      complaints.push(`request: ${request.url().slice(0, 200)}`);
    }
  });
  return complaints;
}

/** Counts what was looked at, and says at once what failed. */
export class Checks {
  passed = 0;
  failed = 0;
  readonly #isQuiet: boolean;

  constructor(isQuiet = false) {
    this.#isQuiet = isQuiet;
  }

  /** Tells of one check. */
  check(isFine: boolean, what: string): void {
    if (isFine) this.passed++;
    else this.failed++;
    if (!this.#isQuiet) console.log(`  ${isFine ? "ok  " : "FAIL"} ${what}`);
  }
}

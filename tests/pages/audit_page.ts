import axeSource from "axe-core/axe.min.js" with { type: "text" };
import type { Browser } from "playwright-core";
import { type Checks, watch } from "./browser.ts";

/** Widths of a desktop's and a phone's window, in CSS pixels. */
const WIDTHS = [1280, 390];
const SCHEMES = ["light", "dark"] as const;

/** Width of what is printed on A4, in CSS pixels: 210 mm less the margins. */
const PAPER_WIDTH = 700;

/** What axe-core reports, as far as it is read here. */
interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly target: readonly unknown[] }[];
}

/**
 * Looks at a page in a wide and a narrow window, light and dark: accessibility by axe-core in it and in
 * its frames, sideways scrolling, the order of headings, texts for pictures, complaints and requests.
 *
 * @param shots A folder for pictures of the whole page, if they are wanted
 */
export async function auditPage(
  browser: Browser,
  url: string,
  name: string,
  checks: Checks,
  shots?: string,
): Promise<void> {
  for (const width of WIDTHS) {
    for (const colorScheme of SCHEMES) {
      const context = await browser.newContext({
        viewport: { width, height: width > 500 ? 900 : 844 },
        colorScheme,
      });
      await context.addInitScript({ content: axeSource });
      const page = await context.newPage();
      const complaints = watch(page);
      await page.goto(url);
      await page.waitForLoadState("load");
      const where = `${name}, ${width} px, ${colorScheme}`;
      for (const open of await page.getByRole("button", { name: "Explore it here" }).all()) {
        await open.click();
        await page.waitForSelector("iframe");
      }
      for (const frame of page.frames()) {
        const inner = frame === page.mainFrame() ? where : `${where}, frame`;
        if (frame !== page.mainFrame()) await frame.waitForSelector("#chart[data-plot]");
        const violations = await frame.evaluate(async () => {
          const { axe } = globalThis as unknown as {
            axe: { run(what: Document, how: unknown): Promise<{ violations: Violation[] }> };
          };
          return (await axe.run(document, { iframes: false, resultTypes: ["violations"] }))
            .violations.map(({ id, impact, nodes }) => ({ id, impact, nodes }));
        }) as Violation[];
        const list = (some: Violation[]) =>
          some.map(({ id, impact, nodes }) =>
            `${id} (${impact}, ${nodes.length} ×: ${String(nodes[0]!.target)})`
          ).join("; ");
        checks.check(
          violations.length === 0,
          `${inner}: axe-core finds ${violations.length === 0 ? "nothing" : list(violations)}`,
        );
        const scrolls = await frame.evaluate(() => {
          const { scrollWidth } = document.scrollingElement!;
          return scrollWidth > document.documentElement.clientWidth ? scrollWidth : 0;
        });
        checks.check(
          scrolls === 0,
          `${inner}: nothing scrolls sideways${scrolls ? ` (${scrolls} px)` : ""}`,
        );
      }
      const faults = await page.evaluate(() => {
        const levels = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map((heading) =>
          Number(heading.localName[1])
        );
        const jumps = levels.filter((level, i) => level > (levels[i - 1] ?? 0) + 1);
        const silent = [...document.images].filter((image) =>
          ["", "Figure"].includes(image.alt.trim())
        );
        return { ones: levels.filter((level) => level === 1).length, jumps, silent: silent.length };
      });
      checks.check(
        faults.ones === 1 && faults.jumps.length === 0 && faults.silent === 0,
        `${where}: one first heading, no level skipped, a text for each picture`,
      );
      checks.check(
        complaints.length === 0,
        `${where}: no complaint${complaints.slice(0, 3).map((c) => `; ${c}`).join("")}`,
      );
      if (shots) {
        await page.screenshot({
          path: `${shots}/${name}-${width}-${colorScheme}.png`,
          fullPage: true,
        });
      }
      await context.close();
    }
  }
  await auditPrint(browser, url, name, checks);
}

/** Looks at a page as it is printed: nothing is cut, nothing is closed, no number is broken. */
async function auditPrint(
  browser: Browser,
  url: string,
  name: string,
  checks: Checks,
): Promise<void> {
  const page = await browser.newPage({
    viewport: { width: PAPER_WIDTH, height: 1000 },
    colorScheme: "dark",
  });
  await page.goto(url);
  await page.emulateMedia({ media: "print" });
  const faults = await page.evaluate((width) => {
    dispatchEvent(new Event("beforeprint"));
    const found: string[] = [];
    for (const element of document.body.querySelectorAll<HTMLElement>("*")) {
      const { right, width: own, height } = element.getBoundingClientRect();
      if (own === 0 || height === 0 || getComputedStyle(element).position === "absolute") continue;
      const where = `${element.localName}.${element.className}: ${
        (element.textContent ?? "").trim().slice(0, 30)
      }`;
      if (right > width + 1) found.push(`wider than the paper: ${where}`);
      if (element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0) {
        if (getComputedStyle(element).overflowX !== "visible") found.push(`cut: ${where}`);
      }
      if (element.matches("details:not([open], .code)")) found.push(`closed: ${where}`);
      if (element.matches("td.number")) {
        const range = document.createRange();
        range.selectNodeContents(element);
        const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
        if (lines.size > 1) found.push(`broken: ${where}`);
      }
    }
    if (getComputedStyle(document.documentElement).colorScheme !== "light") found.push("dark");
    return found;
  }, PAPER_WIDTH);
  checks.check(
    faults.length === 0,
    `${name}, on paper: nothing is cut, closed or dark${
      faults.slice(0, 3).map((fault) => `; ${fault}`).join("")
    }`,
  );
  await page.close();
}

// Hostile notebooks as reports in a real Chromium: no script in the page, no request, no navigation.
import assert from "node:assert/strict";
import { join } from "@std/path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { interactiveMap, Matrix } from "deep-features";
import { jupyterDisplay } from "../../lib/base/display.ts";
import { renderPage } from "../../lib/report/render_page.ts";
import { HOSTILE } from "../report/hostile.ts";
import { CHROMIUM, launchBrowser } from "./browser.ts";

const RUN = { seconds: 1, cellSeconds: [1], footer: "Made by a test" };
/** How long a page may take to do harm, in milliseconds. */
const PATIENCE = 60;

const isThere = await Deno.stat(CHROMIUM).then(() => true, () => false);
if (!isThere) console.log(`No browser at ${CHROMIUM}: the pages are not looked at in one`);

/** What a page does that it must not. */
async function harm(browser: Browser, url: string): Promise<string[]> {
  const page = await browser.newPage();
  const seen: string[] = [];
  page.on("request", (request) => {
    const own = request.url() === url && !seen.includes("loaded");
    if (!own && !/^data:/.test(request.url())) seen.push(`request ${request.url().slice(0, 90)}`);
  });
  page.on("framenavigated", (frame) => {
    if (frame.url() !== url) seen.push(`navigation to ${frame.url().slice(0, 90)}`);
  });
  page.on("dialog", (dialog) => {
    seen.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("popup", (popup) => seen.push(`window ${popup.url()}`));
  await page.goto(url);
  // Whatever waits for the reader's hand.
  await page.evaluate(() => {
    for (const element of document.querySelectorAll<HTMLElement>("main *")) {
      element.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
      element.focus();
      const href = element.getAttribute("href");
      if (href !== null && /^\s*(javascript|data):/i.test(href)) element.click();
    }
  });
  await page.waitForTimeout(PATIENCE);
  const hit = await page.evaluate(() =>
    (document.documentElement.dataset as Record<string, string>)["hit"]
  );
  if (hit !== undefined) seen.push("a script ran in the page");
  if (page.url() !== url) seen.push(`the page is ${page.url()}`);
  await page.close();
  return seen;
}

Deno.test({
  name: "No hostile notebook gets a script, a request or a navigation through in Chromium",
  ignore: !isThere,
  // Playwright's own timers outlive the test by a moment.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const folder = await Deno.makeTempDir();
    const browser = await launchBrowser();
    try {
      const results: Record<string, string[]> = {};
      for (const [i, [name, notebook]] of Object.entries(HOSTILE).entries()) {
        // Kept inside the page or beside it: that matters for pages to explore alone.
        for (const isSingleFile of name.includes("frame") ? [false, true] : [false]) {
          const path = join(folder, `${i}${isSingleFile ? "-single" : ""}.html`);
          await Deno.writeTextFile(path, renderPage(notebook, { ...RUN, isSingleFile }).html);
          const seen = await harm(browser, String(pathToFileURL(path)));
          if (seen.length > 0) results[name] = seen;
        }
      }
      assert.deepEqual(results, {});

      // A page that does harm must be told from one that does not.
      const bad = join(folder, "bad.html");
      await Deno.writeTextFile(
        bad,
        `<main><script>document.documentElement.dataset.hit = "1"; fetch("http://127.0.0.1:9/")</script></main>`,
      );
      assert.equal((await harm(browser, String(pathToFileURL(bad)))).length, 2);
    } finally {
      await browser.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "A map to explore runs in its frame, beside the report and inside it",
  ignore: !isThere,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const map = await interactiveMap({
      embedding: Matrix.fromRows([[0, 0], [1, 2], [2, 1]]),
      labels: [0, 1, 1],
      classNames: ["cat", "dog"],
    });
    const outputs = [
      { output_type: "display_data" as const, data: map[jupyterDisplay](), metadata: {} },
    ];
    const cell = { cell_type: "code" as const, metadata: {}, source: "map", outputs };
    const notebook = { cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 };
    const folder = await Deno.makeTempDir();
    const browser = await launchBrowser();
    try {
      for (const isSingleFile of [false, true]) {
        const { html, frames } = renderPage(notebook, { ...RUN, isSingleFile });
        const path = join(folder, `map ${isSingleFile}#1.html`);
        await Deno.writeTextFile(path, html);
        for (const { file, html } of frames) await Deno.writeTextFile(join(folder, file), html);
        const page = await browser.newPage();
        await page.goto(String(pathToFileURL(path)));
        if (!isSingleFile) await page.getByRole("button", { name: "Explore it here" }).click();
        const frame = (await (await page.waitForSelector("iframe")).contentFrame())!;
        await frame.waitForSelector("#chart[data-plot]");
        await page.close();
      }
    } finally {
      await browser.close();
      await Deno.remove(folder, { recursive: true });
    }
  },
});

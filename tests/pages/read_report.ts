// A report's own script in a real Chromium: what a reader clicks does what it says.
import assert from "node:assert/strict";
import { decode } from "fast-png";
import {
  comparisonChart,
  confusionHeatmap,
  confusionMatrix,
  gridSearchHeatmap,
  imageGrid,
  learningCurves,
} from "deep-features";
import { join } from "@std/path";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import type { Notebook } from "../../lib/report/notebook.ts";
import { renderIndex, renderPage } from "../../lib/report/render_page.ts";
import { findChromium, printPdf } from "../../lib/report/print_pdf.ts";
import { sectionsOf } from "../../lib/report/sections.ts";
import { CHROMIUM, launchBrowser, watch } from "./browser.ts";

const isThere = await Deno.stat(CHROMIUM).then(() => true, () => false);

/** Values of columns as tables show them, in the order in which they are given. */
const COLUMNS = {
  plain: ["10", "9.5", "", "-1"],
  thousands: ["1,000", "20", "300", "10,000"],
  minus: ["−2", "3", "−10", "0"],
  spread: ["0.7 ± 0.02", "0.65 ± 0.1", "0.71 ± 0.01", "0.7 ± 0.3"],
  duration: ["2 min", "30 s", "1 h 5 min", "500 ms"],
  date: ["2024-03-01", "2024-01-15", "2023-12-31", "2024-01-02"],
  tiny: ["1.0e-4", "0.05", "< 0.0001", "2e-3"],
  version: ["1.10.0", "1.9.0", "1.2.0", "2.0.0"],
  name: ["ship", "Bird", "cat 10", "cat 9"],
};
/** The rows in ascending order: by number, empty cells last, or as a dictionary has them. */
const ASCENDING: Record<keyof typeof COLUMNS, string[]> = {
  plain: ["-1", "9.5", "10", ""],
  thousands: ["20", "300", "1,000", "10,000"],
  minus: ["−10", "−2", "0", "3"],
  spread: ["0.65 ± 0.1", "0.7 ± 0.02", "0.7 ± 0.3", "0.71 ± 0.01"],
  duration: ["500 ms", "30 s", "2 min", "1 h 5 min"],
  date: ["2023-12-31", "2024-01-02", "2024-01-15", "2024-03-01"],
  tiny: ["< 0.0001", "1.0e-4", "2e-3", "0.05"],
  version: ["1.2.0", "1.9.0", "1.10.0", "2.0.0"],
  name: ["Bird", "cat 9", "cat 10", "ship"],
};

function table(): string {
  const names = Object.keys(COLUMNS);
  const rows = COLUMNS.plain.map((_, i) =>
    `<tr>${Object.values(COLUMNS).map((texts) => `<td>${texts[i]}</td>`).join("")}</tr>`
  );
  const head = names.map((name) => `<th scope="col">${name}</th>`).join("");
  return `<table><thead><tr>${head}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

/** A photograph: gray all over. */
const GRID = imageGrid({
  split: { images: new Uint8Array(48).fill(200), labels: new Uint8Array(1), shape: [1, 4, 4, 3] },
  classNames: ["cat"],
  rows: 1,
  columns: 1,
}).svg;
const SVG =
  `<svg width="700" height="100" aria-label="A line"><rect width="700" height="100" fill="#fff"/><path d="M0 0 L700 100" stroke="black"/></svg>`;

const NOTEBOOK: Notebook = {
  cells: [
    markdown("# Title\n\nLead.\n\n## First\n\n" + "Text.\n\n".repeat(60)),
    {
      cell_type: "code",
      metadata: {},
      source: "const a = 1;\na < 2 && a",
      outputs: [
        { output_type: "display_data", data: { "text/html": table() }, metadata: {} },
        { output_type: "display_data", data: { "image/svg+xml": SVG }, metadata: {} },
        { output_type: "display_data", data: { "image/svg+xml": GRID }, metadata: {} },
      ],
    },
    markdown("## Second & last\n\n" + "Text.\n\n".repeat(60)),
  ],
  metadata: {},
  nbformat: 4,
  nbformat_minor: 5,
};

function markdown(source: string): Notebook["cells"][number] {
  return { cell_type: "markdown", metadata: {}, source };
}

const RUN = { cellSeconds: [], footer: "Made by a test" };

function test(
  name: string,
  check: (page: Page, url: string) => Promise<void>,
  window: BrowserContextOptions = {},
  html = renderPage(NOTEBOOK, RUN).html,
): void {
  Deno.test({
    name,
    ignore: !isThere,
    // Playwright's own timers outlive the test by a moment.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const folder = await Deno.makeTempDir();
      let browser: Browser | undefined;
      try {
        const path = join(folder, "report.html");
        await Deno.writeTextFile(path, html);
        browser = await launchBrowser();
        const context = await browser.newContext({
          viewport: { width: 1280, height: 800 },
          ...window,
        });
        const page = await context.newPage(), complaints = watch(page);
        const url = String(pathToFileURL(path));
        await page.goto(url);
        await check(page, url);
        assert.deepEqual(complaints, []);
      } finally {
        await browser?.close();
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

test("A table is sorted by each column: up, down, and as it was", async (page) => {
  for (const [column, [name, expected]] of Object.entries(ASCENDING).entries()) {
    const title = page.locator("thead th").nth(column), button = title.locator("button");
    const shown = () => page.locator(`tbody td:nth-child(${column + 1})`).allTextContents();
    await button.click();
    assert.deepEqual(await shown(), expected, name);
    assert.equal(await title.getAttribute("aria-sort"), "ascending");
    await button.click();
    const filled = (await shown()).filter((text) => text !== "");
    assert.deepEqual(filled, expected.filter((text) => text !== "").reverse(), name);
    assert.equal((await shown()).findIndex((text) => text === ""), name === "plain" ? 3 : -1);
    await button.click();
    assert.deepEqual(await shown(), COLUMNS[name as keyof typeof COLUMNS], name);
    assert.equal(await page.locator("[aria-sort]").count(), 0);
  }
});

test("Code is copied as it stands, or selected where copying is not allowed", async (page) => {
  const button = page.locator(".copyable > button");
  await page.evaluate(() => {
    const kept = globalThis as unknown as { copied: string };
    const clipboard = { writeText: (text: string) => Promise.resolve(void (kept.copied = text)) };
    Object.defineProperty(navigator, "clipboard", { value: clipboard, configurable: true });
  });
  await button.click();
  assert.equal(await button.textContent(), "Copied");
  const copied = await page.evaluate(() => (globalThis as unknown as { copied: string }).copied);
  assert.equal(copied, NOTEBOOK.cells[1]!.source);
  await page.evaluate(() =>
    Object.defineProperty(navigator, "clipboard", { value: undefined, configurable: true })
  );
  await button.click();
  assert.equal(await button.textContent(), "Selected");
  assert.equal(await page.evaluate(() => String(getSelection())), NOTEBOOK.cells[1]!.source);
});

test("Hidden code stays hidden on the next page, and the button tells", async (page, url) => {
  const fold = page.locator("#fold"), code = page.locator("details.code pre");
  assert.equal(await fold.textContent(), "Hide code");
  await fold.click();
  assert.equal(await code.isVisible(), false);
  await page.goto(`${url}?next`);
  assert.equal(await fold.textContent(), "Show code");
  assert.equal(await code.isVisible(), false);
  await fold.click();
  assert.equal(await code.isVisible(), true);
  await page.goto(url);
  assert.equal(await fold.textContent(), "Hide code");
});

test("The contents follow the reader, and headings can be linked to", async (page) => {
  const current = () => page.locator("nav.contents [aria-current=location]").allTextContents();
  assert.deepEqual(await current(), []);
  for (const name of ["First", "Second & last"]) {
    await page.locator("main h2", { hasText: name }).locator("a.anchor").click();
    await page.waitForTimeout(100);
    assert.deepEqual(await current(), [name]);
  }
  assert.equal(await page.evaluate(() => decodeURIComponent(location.hash)), "#Second-&-last");
  await page.evaluate(() => scrollTo(0, 0));
  await page.waitForTimeout(100);
  assert.deepEqual(await current(), []);
});

test(
  "A figure opens as large as it was made, and a wide table says that it scrolls, on a phone",
  async (page) => {
    const image = page.locator(".figure img").first();
    assert.ok((await image.boundingBox())!.width < 390);
    await page.locator(".hint").waitFor({ state: "visible" });
    await image.click();
    const large = page.locator("dialog img");
    assert.equal((await large.boundingBox())!.width, 700);
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    const width = await page.evaluate(() => document.scrollingElement!.scrollWidth);
    assert.ok(width <= 390, `${width} px`);
  },
  { viewport: { width: 390, height: 844 } },
);

test("Drawings are dark on a dark page and light on paper; nothing is cut there", async (page) => {
  const filter = () =>
    page.locator(".figure img").first().evaluate((image) => getComputedStyle(image).filter);
  assert.match(await filter(), /on-dark/);
  const grounds = async () => {
    const found = [];
    for (const image of await page.locator(".figure img").all()) {
      const { data, width, channels } = decode(await image.screenshot());
      found.push([
        ...data.subarray((12 * width + 12) * channels, (12 * width + 12) * channels + 3),
      ]);
    }
    return found.map((color) => color.join());
  };
  const [dark, light] = ["27,32,38", "255,255,255"];
  assert.deepEqual(await grounds(), [dark, dark], "a drawing's ground, and that of photographs");
  const photograph = await page.locator(".figure img").nth(1).screenshot();
  const middle = decode(photograph);
  const at = (80 * middle.width + 40) * middle.channels;
  assert.deepEqual(
    [...middle.data.subarray(at, at + 3)],
    [200, 200, 200],
    "a photograph is as it is",
  );
  assert.equal(await page.locator(".hint").isVisible(), false);
  await page.locator("#theme").click();
  assert.equal(await filter(), "none");
  assert.deepEqual(await grounds(), [light, light]);
  await page.locator("#theme").click();
  await page.setViewportSize({ width: 420, height: 600 });
  await page.locator(".hint").waitFor({ state: "visible" });
  await page.emulateMedia({ media: "print" });
  assert.equal(await filter(), "none");
  assert.deepEqual(await grounds(), [light, light], "on paper");
  const box = page.locator(".scroll");
  assert.ok(await box.evaluate((box) => box.scrollWidth <= box.clientWidth), "columns are cut");
  for (const hidden of [".hint", ".copyable > button", ".anchor", "#fold"]) {
    assert.equal(await page.locator(hidden).first().isVisible(), false, hidden);
  }
}, { colorScheme: "dark" });

const CHARTS = [
  comparisonChart({
    rows: [{ name: "SVM", mean: 0.71, sd: 0.01 }, { name: "softmax", mean: 0.69 }],
  }),
  confusionHeatmap({
    matrix: confusionMatrix([0, 0, 1], [0, 1, 1], 2),
    classNames: ["cat", "<dog>"],
    title: "Much longer than the matrix is wide: a title that widens the card",
  }),
  learningCurves({
    history: { loss: [2, 1], accuracy: [0.2, 0.5], valLoss: [2, 1.5], valAccuracy: [0.1, 0.4] },
  }),
  gridSearchHeatmap({
    scores: [1, 10].map((C) => ({ C, gamma: 0.1, score: C / 20 })),
  }),
];

test(
  "Points and cells of charts say what they are when they are pointed at",
  async (page) => {
    const images = page.locator(".figure img");
    for (const [i, { svg }] of CHARTS.entries()) {
      const tips = JSON.parse((await images.nth(i).getAttribute("data-tips"))!) as number[][];
      // Where the browser itself draws them.
      const drawn = await page.evaluate((svg) => {
        const box = document.createElement("div");
        box.innerHTML = svg;
        document.body.append(box);
        const whole = box.firstElementChild!.getBoundingClientRect();
        const found = [...box.querySelectorAll("rect > title, circle > title")].map((title) => {
          const { left, top, width, height } = title.parentElement!.getBoundingClientRect();
          const share = [
            (left - whole.left) / whole.width,
            (top - whole.top) / whole.height,
            width / whole.width,
            height / whole.height,
          ];
          return [...share.map((value) => 1000 * value), title.textContent!];
        });
        box.remove();
        return found;
      }, svg);
      assert.ok(drawn.length > 1);
      assert.equal(tips.length, drawn.length);
      for (const [k, tip] of tips.entries()) {
        assert.equal(tip[4], drawn[k]![4]);
        for (let j = 0; j < 4; j++) {
          assert.ok(Math.abs(tip[j]! - Number(drawn[k]![j])) < 2, `${tip} and ${drawn[k]}`);
        }
      }
    }
    const tip = page.locator(".tip");
    const cells = JSON.parse((await images.nth(1).getAttribute("data-tips"))!);
    const point = async (image: Locator) => {
      await image.scrollIntoViewIfNeeded();
      const { x, y, width, height } = (await image.boundingBox())!;
      const [left, top, w, h] = cells[1];
      await page.mouse.move(
        x + (left + w / 2) / 1000 * width,
        y + (top + h / 2) / 1000 * height,
      );
    };
    await point(images.nth(1));
    assert.equal(await tip.textContent(), "true cat, predicted <dog>: 1, 50.0 % of cat");
    assert.equal(await tip.isVisible(), true);
    await page.mouse.move(2, 2);
    assert.equal(await tip.isVisible(), false);
    await images.nth(1).click();
    await point(page.locator("dialog img"));
    assert.equal(await page.locator("dialog .tip").isVisible(), true);
  },
  {},
  renderPage({
    ...NOTEBOOK,
    cells: CHARTS.map(({ svg }) => ({
      cell_type: "code",
      metadata: {},
      source: "1",
      outputs: [{ output_type: "display_data", data: { "image/svg+xml": svg }, metadata: {} }],
    })),
  }, RUN).html,
);

const { html: REPORT, summary } = renderPage(NOTEBOOK, RUN);
const INDEX = renderIndex([{ summary, file: "report.html", sections: sectionsOf(REPORT) }], "foot");

test(
  "The list of reports finds the sections that have all words, and leads to them",
  async (page) => {
    const field = page.getByLabel("Search all reports");
    const found = page.locator("#sections > li:visible a");
    assert.equal(await found.count(), 0);
    await field.fill("text  SECOND");
    assert.deepEqual(await found.allTextContents(), ["Title › Second & last"]);
    assert.equal(await page.getByRole("status").textContent(), "1 section");
    assert.match((await page.locator("#sections > li:visible p").textContent())!, /^Text\. .* …$/);
    assert.ok((await found.getAttribute("href"))!.endsWith("./report.html#Second-%26-last"));
    await field.fill("nowhere");
    assert.equal(await page.getByRole("status").textContent(), "No sections");
    await field.fill(" ");
    assert.equal(await found.count(), 0);
    assert.equal(await page.getByRole("status").textContent(), "");
  },
  {},
  INDEX,
);

Deno.test({
  name: "A page is printed as PDF by the browser, and one that does not start is told",
  ignore: !isThere,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const page = join(folder, "report #1.html"), pdf = join(folder, "report #1.pdf");
      await Deno.writeTextFile(page, REPORT);
      await printPdf(await findChromium(CHROMIUM), page, pdf);
      const bytes = await Deno.readFile(pdf);
      assert.equal(new TextDecoder().decode(bytes.subarray(0, 5)), "%PDF-");
      assert.ok(bytes.length > 10_000, `${bytes.length} bytes`);
      const missing = join(folder, "no_such_browser");
      await assert.rejects(findChromium(missing), /which does not start/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

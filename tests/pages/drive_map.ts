import { decode } from "fast-png";
import { pathToFileURL } from "node:url";
import { join } from "@std/path";
import type { Browser, Frame, Page } from "playwright-core";
import { type InteractiveFigure, interactiveMap, Matrix } from "deep-features";
import { seededRandom } from "deep-features/base";
import { jupyterDisplay } from "../../lib/base/display.ts";
import { renderPage } from "../../lib/report/render_page.ts";
import { type Checks, watch } from "./browser.ts";

const N = 50_000, CLASSES = 10, SIDE = 32, SIZE = SIDE * SIDE * 3;
/** What WebP may change in an image, as mean difference of a byte. */
const MAX_DIFFERENCE = 10;
/** Frames a second that are aimed at, and those below which something is wrong even on a busy machine. */
const WISHED_FPS = 30, LEAST_FPS = 8;

/** A map of known points and images. */
export interface KnownMap {
  readonly figure: InteractiveFigure;
  readonly embedding: Matrix;
  readonly labels: Uint8Array;
  readonly predicted: Uint8Array;
  readonly classNames: readonly string[];
  readonly images: Uint8Array;
}

/** Ten clouds of 5,000 points; each image has its own pattern of 8 × 8 blocks, of middling colours. */
export async function makeKnownMap(): Promise<KnownMap> {
  const random = seededRandom(3);
  const bell = () => random() + random() + random() + random() - 2;
  const embedding = new Matrix(new Float32Array(2 * N), N, 2);
  const labels = new Uint8Array(N), predicted = new Uint8Array(N);
  const images = new Uint8Array(N * SIZE);
  for (let i = 0; i < N; i++) {
    labels[i] = i * 7 % CLASSES;
    predicted[i] = random() < 0.3 ? Math.floor(CLASSES * random()) : labels[i]!;
    const angle = 2 * Math.PI * labels[i]! / CLASSES;
    embedding.data[2 * i] = 5 + 6 * Math.cos(angle) + 4 * bell();
    embedding.data[2 * i + 1] = -3 + 6 * Math.sin(angle) + 4 * bell();
    const blocks = Array.from({ length: 16 * 3 }, () => Math.floor(64 + 128 * random()));
    for (let p = 0; p < SIDE * SIDE; p++) {
      const block = (p >> 8) * 4 + (p % SIDE >> 3);
      for (let c = 0; c < 3; c++) images[i * SIZE + p * 3 + c] = blocks[block * 3 + c]!;
    }
  }
  const classNames = Array.from({ length: CLASSES }, (_, c) => `class ${c}`);
  classNames[3] = `</script><img src=x onerror="alert(1)">`;
  const start = performance.now();
  const figure = await interactiveMap({
    embedding,
    labels,
    predicted,
    classNames,
    images: { images, labels, shape: [N, SIDE, SIDE, 3] },
    title: `A "map" of <points> & more`,
    // Its last colour is like no other: see yellowPixels().
    scheme: "plasma",
  });
  console.log(
    `  page of ${(figure.html.length / 1e6).toFixed(1)} MB, made in ${
      ((performance.now() - start) / 1000).toFixed(1)
    } s`,
  );
  return { figure, embedding, labels, predicted, classNames, images };
}

/** Enough to scroll the page by. */
const PROSE = "Text.\n\n".repeat(30);

/** Writes a report whose only output is the map, and returns its address. */
export async function writeReport(map: KnownMap, folder: string): Promise<string> {
  const path = join(folder, "map.html");
  const { html, frames } = renderPage({
    cells: [{ cell_type: "markdown", metadata: {}, source: `# A report\n\n${PROSE}` }, {
      cell_type: "code",
      metadata: {},
      source: "map",
      execution_count: 1,
      outputs: [{ output_type: "display_data", data: map.figure[jupyterDisplay](), metadata: {} }],
    }, { cell_type: "markdown", metadata: {}, source: PROSE }],
    metadata: {},
    nbformat: 4,
    nbformat_minor: 5,
  }, { seconds: 1, cellSeconds: [1], footer: "Made by a test" });
  await Deno.writeTextFile(path, html);
  for (const { file, html } of frames) await Deno.writeTextFile(join(folder, file), html);
  return String(pathToFileURL(path));
}

/** Uses the map in a report's frame as a reader would: with a mouse, by keyboard, and by touch. */
export async function driveMap(
  browser: Browser,
  url: string,
  map: KnownMap,
  checks: Checks,
): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
  const complaints = watch(page);
  const start = performance.now();
  const frame = await openFrame(page, url);
  console.log(`  the map is there after ${((performance.now() - start) / 1000).toFixed(1)} s`);
  await hover(page, frame, map, checks);
  await switchOff(page, frame, map, checks);
  await useKeys(page, frame, map, checks);
  await followTheme(page, frame, checks);
  await turnWheel(page, frame, checks);
  await page.emulateMedia({ media: "print" });
  checks.check(
    await page.locator(".frame > .figure").isVisible() && !await page.locator("iframe").isVisible(),
    "on paper the report has the map's picture, though the map is open",
  );
  await page.emulateMedia({ media: "screen" });
  await measureFrames(page, frame, checks);
  checks.check(
    complaints.length === 0,
    `no complaint and no request${complaints.slice(0, 3).map((c) => `; ${c}`).join("")}`,
  );
  await page.close();
  await useTouch(browser, url, map, checks);
  await printMap(browser, url, checks);
}

async function openFrame(page: Page, url: string): Promise<Frame> {
  await page.goto(url);
  await page.getByRole("button", { name: "Explore it here" }).click();
  const element = await page.waitForSelector("iframe");
  await element.scrollIntoViewIfNeeded();
  const frame = (await element.contentFrame())!;
  await frame.waitForSelector("#chart[data-plot]");
  return frame;
}

/** Numbers that the map tells of itself, once it has drawn what was asked of it. */
async function told(frame: Frame, name: "plot" | "projection" | "selected"): Promise<number[]> {
  await frame.evaluate(async () => {
    for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
  });
  const text = await frame.locator("#chart").getAttribute(`data-${name}`);
  return text!.split(" ").map(Number);
}

/** Where a point must be on the whole map, worked out anew: 3 % of room around the points. */
async function placeOf(frame: Frame, { embedding }: KnownMap, index: number) {
  const [left, top, width, height] = await told(frame, "plot");
  const box = (await frame.locator("#chart").boundingBox())!;
  const share = [0, 1].map((axis) => {
    let min = Infinity, max = -Infinity;
    for (let i = 0; i < N; i++) {
      min = Math.min(min, embedding.data[2 * i + axis]!);
      max = Math.max(max, embedding.data[2 * i + axis]!);
    }
    const room = 0.03 * (max - min);
    return (embedding.data[2 * index + axis]! - min + room) / (max - min + 2 * room);
  });
  return { x: box.x + left! + share[0]! * width!, y: box.y + top! + (1 - share[1]!) * height! };
}

/** The image that the card shows, once it shows that of a point: RGB bytes. */
async function shownImage(frame: Frame, index: number): Promise<number[]> {
  await frame.waitForSelector(`#image[data-shows="${index}"]`);
  return await frame.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>("#image")!;
    const copy = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    return [...data].filter((_, k) => k % 4 !== 3);
  });
}

function difference(shown: readonly number[], { images }: KnownMap, index: number): number {
  return shown.reduce((sum, value, k) => sum + Math.abs(value - images[index * SIZE + k]!), 0) /
    SIZE;
}

async function hover(page: Page, frame: Frame, map: KnownMap, checks: Checks): Promise<void> {
  // Far outside, where no other point is near.
  const outer = [0, 1].flatMap((axis) =>
    [-1, 1].map((sign) => {
      let far = 0;
      for (let i = 0; i < N; i++) {
        if (sign * (map.embedding.data[2 * i + axis]! - map.embedding.data[2 * far + axis]!) > 0) {
          far = i;
        }
      }
      return far;
    })
  );
  for (const index of outer) {
    const { x, y } = await placeOf(frame, map, index);
    await page.mouse.move(x, y);
    const shown = await shownImage(frame, index);
    const text = await frame.locator("#text").innerText();
    const guess = map.predicted[index]!, label = map.labels[index]!;
    checks.check(
      text === `Image ${(index + 1).toLocaleString("en")}\nLabel: ${map.classNames[label]}\n` +
          `Predicted: ${map.classNames[guess]}${guess === label ? "" : " (wrong)"}`,
      `hover tells number, label and prediction of image ${index + 1}`,
    );
    const own = difference(shown, map, index);
    const others = Array.from({ length: 500 }, (_, k) => (index + 1 + k * 97) % N)
      .filter((other) => other !== index).map((other) => difference(shown, map, other));
    checks.check(
      own < MAX_DIFFERENCE && own < Math.min(...others),
      `hover shows image ${index + 1}: ${own.toFixed(1)} from its own bytes, at least ${
        Math.min(...others).toFixed(1)
      } from 500 others`,
    );
  }
  await page.mouse.move(5, 5);
}

/** Pixels of the map that are as yellow as the last class is, and no other. */
async function yellowPixels(frame: Frame): Promise<number> {
  const { data, channels } = decode(await frame.locator("#chart").screenshot());
  let count = 0;
  for (let at = 0; at < data.length; at += channels) {
    if (Number(data[at]) > 220 && Number(data[at + 1]) > 235 && Number(data[at + 2]) < 60) count++;
  }
  return count;
}

async function switchOff(page: Page, frame: Frame, map: KnownMap, checks: Checks): Promise<void> {
  const box = frame.getByLabel("class 9", { exact: false });
  const before = await yellowPixels(frame);
  await box.uncheck();
  const after = await yellowPixels(frame);
  checks.check(
    before > 500 && after === 0,
    `a class switched off disappears: ${before} → ${after} pixels`,
  );
  const index = map.labels.indexOf(9);
  const { x, y } = await placeOf(frame, map, index);
  await page.mouse.move(x, y);
  const [selected] = await told(frame, "selected");
  checks.check(
    selected === -1 || map.labels[selected!] !== 9,
    "none of its points answers to the mouse",
  );
  const status = await frame.locator("#status").innerText();
  checks.check(status === "45,000 of 50,000 points are shown", `the status says: ${status}`);
  await box.check();
  checks.check(await yellowPixels(frame) > 500, "switched on, it is there again");
  await page.mouse.move(5, 5);
}

async function useKeys(page: Page, frame: Frame, map: KnownMap, checks: Checks): Promise<void> {
  await page.locator("iframe").focus();
  const focused = () => frame.evaluate(() => document.activeElement?.id ?? "");
  const tabTo = async (id: string) => {
    for (let i = 0; i < 30 && await focused() !== id; i++) await page.keyboard.press("Tab");
    return await focused() === id;
  };
  checks.check(await tabTo("chart"), "Tab reaches the map");
  await page.keyboard.press("ArrowRight");
  const [first] = await told(frame, "selected");
  checks.check(
    first! >= 0 && await frame.locator("#card").isVisible() &&
      (await frame.locator("#status").innerText()).startsWith(
        `Image ${(first! + 1).toLocaleString("en")}, `,
      ),
    "an arrow key chooses a point and announces it",
  );
  const moves: [string, 0 | 1, number][] = [
    ["ArrowRight", 0, 1],
    ["ArrowLeft", 0, -1],
    ["ArrowUp", 1, 1],
    ["ArrowDown", 1, -1],
  ];
  for (const [key, axis, sign] of moves) {
    const [from] = await told(frame, "selected");
    await page.keyboard.press(key);
    const [to] = await told(frame, "selected");
    const way = sign *
      (map.embedding.data[2 * to! + axis]! - map.embedding.data[2 * from! + axis]!);
    checks.check(way > 0, `${key} goes to a point on that side`);
  }
  const [last] = await told(frame, "selected");
  const own = difference(await shownImage(frame, last!), map, last!);
  checks.check(own < MAX_DIFFERENCE, `its image is shown: ${own.toFixed(1)} from its own bytes`);
  const scale = async () => (await told(frame, "projection"))[1]!;
  const whole = await scale();
  await page.keyboard.press("+");
  const closer = await scale();
  checks.check(Math.abs(closer / whole - 1.6) < 0.01, "+ zooms in");
  const left = (await told(frame, "projection"))[0]!;
  await page.keyboard.press("Shift+ArrowRight");
  checks.check(
    Math.abs(await scale() / closer - 1) < 1e-6 &&
      (await told(frame, "projection"))[0]! < left - 20,
    "Shift and an arrow pan",
  );
  await page.keyboard.press("-");
  await page.keyboard.press("0");
  checks.check(Math.abs(await scale() / whole - 1) < 1e-6, "0 shows all again");
  await page.keyboard.press("Escape");
  checks.check((await told(frame, "selected"))[0] === -1, "Escape lets the point go");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  const status = await frame.locator("#status").innerText();
  checks.check(
    status === "45,000 of 50,000 points are shown",
    `Space on a class switches it: ${status}`,
  );
  await page.keyboard.press("Space");
}

/** The report's own button for dark must reach the frame, which obeys no script of the report's. */
async function followTheme(page: Page, frame: Frame, checks: Checks): Promise<void> {
  const background = () => frame.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.locator("#theme").click();
  await page.waitForTimeout(300);
  const dark = await background();
  checks.check(light !== dark, `the report's button for dark darkens the map: ${light} → ${dark}`);
  await page.locator("#theme").click();
  await page.waitForTimeout(300);
}

/** The wheel scrolls the page that the map stands in, unless the map was clicked or Ctrl is held. */
async function turnWheel(page: Page, frame: Frame, checks: Checks): Promise<void> {
  await page.locator("iframe").scrollIntoViewIfNeeded();
  const turn = async () => {
    const before = { scale: (await told(frame, "projection"))[1]!, top: await scrollTop(page) };
    // There and back, so that the map stays under the mouse.
    await page.mouse.wheel(0, -80);
    await page.waitForTimeout(400);
    const after = { scale: (await told(frame, "projection"))[1]!, top: await scrollTop(page) };
    await page.mouse.wheel(0, 80);
    await page.waitForTimeout(400);
    return { zooms: after.scale > 1.01 * before.scale, scrolls: after.top < before.top };
  };
  const point = async () => {
    const box = (await frame.locator("#chart").boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  };
  const is = (what: { zooms: boolean; scrolls: boolean }, zooms: boolean) =>
    what.zooms === zooms && what.scrolls !== zooms;
  await point();
  checks.check(is(await turn(), false), "the wheel over the map scrolls the page");
  checks.check(await frame.locator("#hint").isVisible(), "and the map says how to zoom");
  await page.keyboard.down("Control");
  checks.check(is(await turn(), true), "with Ctrl it zooms");
  await page.keyboard.up("Control");
  await point();
  await page.mouse.down();
  await page.mouse.up();
  checks.check(is(await turn(), true), "after a click it zooms");
  // Chromium that is driven does not tell the frame that the mouse has left it.
  await page.mouse.click(5, 300);
  await point();
  checks.check(is(await turn(), false), "after a click elsewhere it scrolls again");
  await page.mouse.move(5, 5);
}

async function scrollTop(page: Page): Promise<number> {
  return await page.evaluate(() => scrollY);
}

/** On paper stands the whole map with the colors of its classes, however the reader has zoomed. */
async function printMap(browser: Browser, url: string, checks: Checks): Promise<void> {
  const page = await browser.newPage({ colorScheme: "dark" });
  await page.goto(url.replace(/\.html$/, ".frame-1.html").replace("map.frame", "report.frame"));
  await page.waitForSelector("#chart[data-plot]");
  const frame = page.mainFrame();
  const whole = await told(frame, "projection");
  await page.locator("#zoom-in").click();
  const zoomed = await told(frame, "projection");
  await page.evaluate(() => {
    const chart = document.querySelector<HTMLElement>("#chart")!;
    addEventListener("beforeprint", () => {
      const canvas = chart.querySelector("canvas")!, copy = document.createElement("canvas");
      copy.width = canvas.width;
      copy.height = canvas.height;
      const context = copy.getContext("2d")!;
      context.drawImage(canvas, 0, 0);
      const corner = [...context.getImageData(canvas.width - 20, 20, 1, 1).data];
      const swatch = document.querySelector(".swatch")!;
      const { projection, plot } = chart.dataset;
      Object.assign(globalThis, {
        printed: {
          projection: projection!.split(" ").map(Number),
          plot: plot!.split(" ").map(Number),
          corner,
          adjust: getComputedStyle(swatch).printColorAdjust,
        },
      });
    });
  });
  await page.pdf();
  const printed = await page.evaluate(() =>
    (globalThis as unknown as {
      printed: { projection: number[]; plot: number[]; corner: number[]; adjust: string };
    }).printed
  );
  // How much of the data the plot's width shows.
  const span = ({ projection, plot }: { projection: number[]; plot: number[] }) =>
    plot[2]! / projection[1]!;
  const screen = await told(frame, "plot");
  checks.check(
    Math.abs(span(printed) / span({ projection: whole, plot: screen }) - 1) < 0.01,
    "on paper stands the whole map",
  );
  checks.check(
    printed.corner.join() === "255,255,255,255" && printed.adjust === "exact",
    "light, and with the colors of the classes",
  );
  const after = await told(frame, "projection");
  checks.check(
    after.every((value, i) => Math.abs(value - zoomed[i]!) < 1e-3 * Math.abs(zoomed[i]!) + 1e-3),
    "and afterwards the map is as it was on the screen",
  );
  await page.close();
}

/** Zooms and drags, and counts the pictures drawn meanwhile that show another view. */
async function measureFrames(page: Page, frame: Frame, checks: Checks): Promise<void> {
  const tell = (what: string, views: number) =>
    checks.check(
      views >= LEAST_FPS,
      `${what} with 50,000 points: ${views.toFixed(0)} views a second${
        views < WISHED_FPS ? ` (aimed at: ${WISHED_FPS})` : ""
      }`,
    );
  // Frames out of sight are drawn once a second.
  await page.locator("iframe").scrollIntoViewIfNeeded();
  await page.waitForTimeout(300);
  // One turn of the wheel for each frame that the browser offers.
  const zooming = await frame.evaluate(async () => {
    const chart = document.querySelector<HTMLElement>("#chart")!;
    const canvas = chart.querySelector("canvas")!;
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const views = new Set<string>();
    const start = performance.now();
    for (let i = 0; performance.now() - start < 3000; i++) {
      await new Promise(requestAnimationFrame);
      views.add(chart.dataset["projection"]!);
      canvas.dispatchEvent(
        new WheelEvent("wheel", {
          ctrlKey: true,
          bubbles: true,
          cancelable: true,
          clientX: left + width / 2 + i % 7,
          clientY: top + height / 2,
          deltaY: i % 40 < 20 ? -60 - i / 50 : 60,
        }),
      );
    }
    return views.size / ((performance.now() - start) / 1000);
  });
  tell("zooming", zooming);
  const box = (await frame.locator("#chart").boundingBox())!;
  const x = box.x + box.width / 2, y = box.y + box.height / 2;
  await frame.locator("#show-all").click();
  await frame.locator("#zoom-in").click();
  await page.mouse.move(x, y);
  await page.mouse.down();
  await frame.evaluate(() => {
    const views = new Set<string>();
    Object.assign(globalThis, { views });
    const chart = document.querySelector<HTMLElement>("#chart")!;
    const tick = () => {
      views.add(chart.dataset["projection"]!);
      requestAnimationFrame(tick);
    };
    tick();
  });
  const start = performance.now();
  for (let i = 0; performance.now() - start < 3000; i++) {
    await page.mouse.move(x + 60 * Math.sin(i / 9), y + 60 * Math.cos(i / 9));
  }
  const seconds = (performance.now() - start) / 1000;
  const views = await frame.evaluate(() =>
    (globalThis as unknown as { views: Set<string> }).views.size
  );
  tell("panning", views / seconds);
  await page.mouse.up();
  await page.mouse.move(5, 5);
}

async function useTouch(
  browser: Browser,
  url: string,
  map: KnownMap,
  checks: Checks,
): Promise<void> {
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
    deviceScaleFactor: 2,
  });
  const page = await context.newPage();
  const complaints = watch(page);
  const frame = await openFrame(page, url);
  const [left, top, width, height] = await told(frame, "plot");
  const box = (await frame.locator("#chart").boundingBox())!;
  const x = box.x + left! + width! / 2, y = box.y + top! + height! * 0.6;
  await page.touchscreen.tap(x, y);
  await page.waitForTimeout(200);
  const [selected] = await told(frame, "selected");
  checks.check(selected! >= 0 && await frame.locator("#card").isVisible(), "a tap shows a point");
  if (selected! >= 0) {
    const own = difference(await shownImage(frame, selected!), map, selected!);
    checks.check(own < MAX_DIFFERENCE, `with its image: ${own.toFixed(1)} from its own bytes`);
  }
  const client = await context.newCDPSession(page);
  const touch = async (places: (i: number) => { x: number; y: number }[]) => {
    for (let i = 0; i <= 10; i++) {
      const touchPoints = places(i).map((place, id) => ({ ...place, id }));
      const type = i === 0 ? "touchStart" : "touchMove";
      await client.send("Input.dispatchTouchEvent", { type, touchPoints });
      await page.waitForTimeout(30);
    }
    await client.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    await page.waitForTimeout(300);
  };
  const still = await told(frame, "projection"), from = await scrollTop(page);
  checks.check(
    await frame.evaluate(() => document.scrollingElement!.scrollHeight <= innerHeight + 1),
    "nothing scrolls within the page",
  );
  await touch((i) => [{ x, y: y - 8 * i }]);
  const by = await scrollTop(page) - from;
  checks.check(
    String(await told(frame, "projection")) === String(still) && by > 20,
    `one finger scrolls the page, by ${by.toFixed(0)} px, and leaves the map alone`,
  );
  await touch((i) => [{ x, y: y - 80 + 8 * i }]);
  const before = (await told(frame, "projection"))[1]!, resting = await scrollTop(page);
  await touch((i) => [{ x: x - 20 - 6 * i, y }, { x: x + 20 + 6 * i, y }]);
  const after = (await told(frame, "projection"))[1]!;
  checks.check(after > 1.3 * before, `two fingers zoom: × ${(after / before).toFixed(1)}`);
  const [left0] = await told(frame, "projection");
  await touch((i) => [{ x: x - 40 + 4 * i, y }, { x: x + 4 * i, y }]);
  const [left1, scale] = await told(frame, "projection");
  checks.check(
    Math.abs(left1! - left0! - 40) < 15 && Math.abs(scale! / after - 1) < 0.2,
    `and move the map: by ${(left1! - left0!).toFixed(0)} px`,
  );
  checks.check(await scrollTop(page) === resting, "while the page stays where it is");
  checks.check(
    complaints.length === 0,
    `no complaint and no request${complaints.slice(0, 3).map((c) => `; ${c}`).join("")}`,
  );
  await context.close();
}

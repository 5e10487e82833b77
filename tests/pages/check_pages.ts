/**
 * `deno task check:pages [--only PART] [--shots FOLDER] [REPORTS]`: looks at the HTML pages in a real
 * Chromium. It drives the interactive map in a report, with 50,000 points (`--only map`), audits each
 * report in a folder (default: `reports`, if it is there; `--only reports`), and drives Jupyter Notebook
 * itself (`--only jupyter`); `--only speed` loads the heaviest report by a slow line. No part of
 * `deno task test`, as it needs a browser.
 *
 * Environment: CHROMIUM, the browser's executable (default: /usr/bin/chromium).
 *
 * @module
 */
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";
import { basename, join, resolve } from "@std/path";
import { auditPage } from "./audit_page.ts";
import { Checks, launchBrowser } from "./browser.ts";
import { driveNotebook } from "./drive_notebook.ts";
import { timePage } from "./time_page.ts";
import { driveMap, makeKnownMap, writeReport } from "./drive_map.ts";

const { values, positionals } = parseArgs({
  args: Deno.args,
  options: { shots: { type: "string" }, only: { type: "string" } },
  allowPositionals: true,
});
const reports = resolve(positionals[0] ?? join(import.meta.dirname!, "../../reports"));
const shots = values.shots && resolve(values.shots);
if (shots) await Deno.mkdir(shots, { recursive: true });

const PARTS = { map: checkMap, speed: checkSpeed, reports: checkReports, jupyter: checkJupyter };
if (values.only !== undefined && !(values.only in PARTS)) {
  console.error(`--only must be one of ${Object.keys(PARTS).join(", ")}, got ${values.only}`);
  Deno.exit(2);
}
const checks = new Checks();
const folder = await Deno.makeTempDir();
const browser = await launchBrowser();
try {
  for (const [name, part] of Object.entries(PARTS)) {
    if (values.only === undefined || values.only === name) await part();
  }
} finally {
  await browser.close();
  await Deno.remove(folder, { recursive: true });
}
console.log(`\n${checks.passed} checks passed, ${checks.failed} failed`);
Deno.exit(checks.failed === 0 ? 0 : 1);

async function checkMap(): Promise<void> {
  console.log("━━ The interactive map");
  const map = await makeKnownMap();
  const url = await writeReport(map, folder);
  await driveMap(browser, url, map, checks);
  await auditPage(browser, url, "map", checks, shots);
}

async function checkSpeed(): Promise<void> {
  console.log("━━ By a slow line");
  await timePage(browser, folder, checks);
}

async function checkReports(): Promise<void> {
  await auditBadPage();
  for (const path of await listPages(reports)) {
    console.log(`━━ ${basename(path)}`);
    const name = basename(path, ".html");
    await auditPage(browser, String(pathToFileURL(path)), name, checks, shots);
  }
}

async function checkJupyter(): Promise<void> {
  console.log("━━ Jupyter Notebook");
  await driveNotebook(browser, checks);
}

/** An audit that finds nothing must be one that would: this page has a fault for each kind of check. */
async function auditBadPage(): Promise<void> {
  console.log("━━ A bad page, at which the audit must complain");
  const path = join(folder, "bad.html");
  await Deno.writeTextFile(
    path,
    `<html><body><h1>A</h1><h3>B</h3><img src="data:,"><p style="color: #ccc; width: 3000px">pale</p>
      <script>console.error("no")</script></body></html>`,
  );
  const audit = new Checks(true);
  await auditPage(browser, String(pathToFileURL(path)), "bad page", audit);
  // Each of the two windows in each of the two schemes fails each of the four checks; and so does paper.
  checks.check(audit.passed === 0 && audit.failed === 17, `it does: ${audit.failed} complaints`);
}

async function listPages(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (name.endsWith(".html") && !/\.frame-\d+\.html$/.test(name)) names.push(name);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log(`No reports in ${folder}: make them with deno task report`);
  }
  return names.sort().map((name) => join(folder, name));
}

/** The style sheet of a report: light and dark, narrow and wide, screen and paper. */
export const PAGE_STYLE = `
:root {
  color-scheme: light;
  --page: #ffffff; --ink: #1f2933; --muted: #52606d; --line: #d9e2ec; --panel: #f5f7fa;
  --link: #1d4ed8; --keyword: #7c2d92; --string: #166534; --number: #9a3412; --comment: #52606d;
  --title: #1d4ed8; --warn: #9a3412; --warn-page: #fff7ed; --info: #1d4ed8; --info-page: #eff6ff;
}
:root[data-theme="dark"] {
  color-scheme: dark;
  --page: #14181d; --ink: #e4e7eb; --muted: #a9b4c0; --line: #323f4b; --panel: #1c2229;
  --link: #93c5fd; --keyword: #d8b4fe; --string: #86efac; --number: #fdba74; --comment: #a9b4c0;
  --title: #93c5fd; --warn: #fdba74; --warn-page: #2b1d10; --info: #93c5fd; --info-page: #13203a;
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1rem; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 17px/1.65 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
a { color: var(--link); }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 1rem; top: 1rem; background: var(--page); padding: .5rem; z-index: 2; }
header, main, footer { max-width: 54rem; margin: 0 auto; padding: 0 1.25rem; }
header { display: flex; gap: 1rem; align-items: center; justify-content: space-between; padding-top: 1rem; }
button {
  font: inherit; font-size: .85rem; color: var(--ink); background: var(--panel);
  border: 1px solid var(--line); border-radius: .4rem; padding: .25rem .7rem; cursor: pointer;
}
nav.contents { margin: 1.5rem 0; padding: .75rem 1.25rem; background: var(--panel); border-radius: .5rem; font-size: .92rem; }
nav.contents ul { list-style: none; margin: .25rem 0 0; padding: 0; }
nav.contents .level3 { padding-left: 1.25rem; }
@media (min-width: 88rem) {
  nav.contents { position: fixed; top: 4rem; left: calc(50% + 28rem); width: 14rem; max-height: 85vh; overflow: auto; margin: 0; }
}
h1, h2, h3, h4 { line-height: 1.25; margin: 2.2em 0 .6em; text-wrap: balance; }
h1 { font-size: 2rem; margin-top: 1em; } h2 { font-size: 1.45rem; } h3 { font-size: 1.15rem; }
p, ul, ol { margin: .8em 0; }
code { font: .88em/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
:not(pre) > code { background: var(--panel); padding: .1em .3em; border-radius: .25em; overflow-wrap: anywhere; }
pre { margin: 0; padding: .8rem 1rem; overflow-x: auto; background: var(--panel); border-radius: .5rem; line-height: 1.5; }
pre code { font-size: .82rem; }
details.code { margin: 1rem 0 .4rem; }
details.code > summary { cursor: pointer; color: var(--muted); font-size: .8rem; list-style-position: inside; margin-bottom: .25rem; }
.output { margin: .4rem 0 1.2rem; overflow-x: auto; }
.output > pre { white-space: pre-wrap; overflow-wrap: anywhere; font: .82rem/1.5 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; background: none; border-left: 3px solid var(--line); border-radius: 0; padding: .2rem .9rem; color: var(--ink); }
.output > pre.stderr { border-color: var(--warn); }
.output > pre.error { border-color: #dc2626; background: var(--warn-page); }
.output img { max-width: 100%; height: auto; display: block; margin: 0 auto; }
.output iframe { width: 100%; height: min(46rem, 90vh); border: 1px solid var(--line); border-radius: .5rem; }
table { border-collapse: collapse; font-size: .86rem; margin: .5rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: left; }
td.number, th.number { text-align: right; }
caption { text-align: left; color: var(--muted); padding: .2rem 0 .5rem; }
blockquote { margin: 1rem 0; padding: .1rem 1rem; border-left: 4px solid var(--line); color: var(--muted); }
.notice { margin: 1rem 0; padding: .7rem 1rem; border-left: 4px solid var(--info); background: var(--info-page); border-radius: .3rem; }
.notice.warning { border-color: var(--warn); background: var(--warn-page); color: var(--warn); }
.cards { list-style: none; padding: 0; display: grid; gap: 1rem; }
.cards li { padding: .2rem 1.2rem .8rem; border: 1px solid var(--line); border-radius: .6rem; }
.cards h2 { margin: .7em 0 .2em; font-size: 1.2rem; }
footer { color: var(--muted); font-size: .85rem; padding-top: 2rem; padding-bottom: 3rem; }
.hljs-keyword, .hljs-built_in, .hljs-literal { color: var(--keyword); }
.hljs-string, .hljs-regexp { color: var(--string); }
.hljs-number { color: var(--number); }
.hljs-comment, .hljs-doctag { color: var(--comment); font-style: italic; }
.hljs-title, .hljs-title.function_, .hljs-title.class_ { color: var(--title); }
math { font-size: 1.05em; }
math[display="block"] { display: block; overflow-x: auto; overflow-y: hidden; padding: .3rem 0; }
@media print {
  header button, nav.contents, .skip { display: none; }
  body { font-size: 11pt; }
  pre { white-space: pre-wrap; }
  .output, pre { break-inside: avoid; }
}
`;

/** Keeps the reader's choice of light or dark; asks the system first. */
export const PAGE_SCRIPT = `
const root = document.documentElement;
const set = (theme) => { root.dataset.theme = theme; };
let stored = null;
try { stored = localStorage.getItem("theme"); } catch {}
set(stored ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
addEventListener("DOMContentLoaded", () => {
  document.querySelector("#theme").addEventListener("click", () => {
    set(root.dataset.theme === "dark" ? "light" : "dark");
    try { localStorage.setItem("theme", root.dataset.theme); } catch {}
  });
  const fold = document.querySelector("#fold");
  fold?.addEventListener("click", () => {
    const all = [...document.querySelectorAll("details.code")];
    const open = !all.some((details) => details.open);
    for (const details of all) details.open = open;
  });
});
`;

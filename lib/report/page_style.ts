/** The style sheet of a report: light and dark, narrow and wide, screen and paper. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --page: light-dark(#fdfdfc, #15181c); --ink: light-dark(#20262d, #e3e7eb);
  --muted: light-dark(#56616c, #a7b1bc); --line: light-dark(#dde2e7, #343d47);
  --panel: light-dark(#f4f5f6, #1d2228); --link: light-dark(#1a56c4, #8fbcff);
  --accent: light-dark(#8a3b12, #f2b48a);
  --keyword: light-dark(#8b2fa0, #d9b3f5); --string: light-dark(#1b6b3a, #93d7a8);
  --number: light-dark(#9a3d0c, #f5b98a); --comment: light-dark(#5b6672, #a3adb8);
  --title: light-dark(#1a56c4, #8fbcff);
  --warn: light-dark(#8c3408, #ffc08a); --warn-line: light-dark(#d9560b, #e88a45);
  --warn-page: light-dark(#fff4ea, #2d1f13);
  --info-line: light-dark(#3b78d8, #5e93e6); --info-page: light-dark(#eff5fe, #172233);
  --error-line: light-dark(#c62828, #ef6f6f); --error-page: light-dark(#fdf1f0, #2c1818);
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
:root[data-theme="light"] { color-scheme: light; }
:root[data-theme="dark"] { color-scheme: dark; }
* { box-sizing: border-box; }
html { scroll-padding-top: 1.5rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 1.05rem/1.65 var(--sans); }
a { color: var(--link); text-underline-offset: .15em; text-decoration-thickness: .06em; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: .2rem; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 1rem; top: 1rem; background: var(--page); padding: .5rem .8rem; z-index: 2; }

header, .columns, footer { max-width: 54rem; margin: 0 auto; padding: 0 1.25rem; }
header { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; justify-content: space-between; padding-top: 1.1rem; font-size: .9rem; }
button {
  font: inherit; font-size: .82rem; color: var(--ink); background: var(--panel); min-height: 1.9rem;
  border: 1px solid var(--line); border-radius: .45rem; padding: .2rem .75rem; cursor: pointer;
}
button:hover { border-color: var(--muted); }
nav.contents { margin: 1.2rem 0 0; padding: .6rem 1rem; background: var(--panel); border-radius: .6rem; font-size: .9rem; line-height: 1.45; }
nav.contents summary { cursor: pointer; font-weight: 600; }
nav.contents ul { list-style: none; margin: .5rem 0 .2rem; padding: 0; }
nav.contents li { margin: .3rem 0; }
nav.contents .level3 { padding-left: 1.1rem; }
nav.contents a { color: var(--ink); text-decoration: none; }
nav.contents a:hover { color: var(--link); text-decoration: underline; }
@media (min-width: 74rem) {
  header, .columns, footer { max-width: 70rem; }
  .columns { display: grid; grid-template-columns: 12.5rem minmax(0, 52rem); gap: 3rem; justify-content: center; }
  body:not(:has(nav.contents)) :is(header, footer) { max-width: 54.5rem; }
  .columns:not(:has(nav.contents)) { grid-template-columns: minmax(0, 52rem); }
  nav.contents { position: sticky; top: 1.5rem; align-self: start; max-height: calc(100vh - 3rem); overflow: auto; margin-top: 2.2rem; background: none; padding: 0; border-radius: 0; }
}

h1, h2, h3, h4, h5, h6 { line-height: 1.25; margin: 2.1em 0 .55em; text-wrap: balance; letter-spacing: -.012em; }
h1 { font-size: clamp(1.75rem, 1.3rem + 2vw, 2.3rem); margin-top: .9em; letter-spacing: -.022em; }
h2 { font-size: 1.42rem; padding-top: .9em; border-top: 1px solid var(--line); }
h3 { font-size: 1.15rem; } h4, h5, h6 { font-size: 1rem; }
main { overflow-wrap: break-word; min-width: 0; padding-bottom: 1rem; }
p, ul, ol, dl { margin: .85em 0; text-wrap: pretty; }
li { margin: .25em 0; }
hr { border: 0; border-top: 1px solid var(--line); margin: 2.5rem 0; }
main img { max-width: 100%; height: auto; }
code { font: .875em/1.5 var(--mono); }
:not(pre) > code { background: var(--panel); padding: .1em .25em; border-radius: .25em; overflow-wrap: anywhere; }
pre { margin: 0; padding: .8rem 1rem; overflow-x: auto; background: var(--panel); border-radius: .55rem; font: .82rem/1.55 var(--mono); tab-size: 2; }
pre code { font: inherit; }
blockquote { margin: 1.2rem 0; padding: .1rem 1.1rem; border-left: 3px solid var(--line); color: var(--muted); }

details.code { margin: 1.3rem 0 .5rem; }
details.code > summary { cursor: pointer; color: var(--muted); font-size: .78rem; width: fit-content; margin-bottom: .3rem; user-select: none; }
.count, .time { font-variant-numeric: tabular-nums; }
.time::before { content: "· "; }
.output { margin: .5rem 0 1.4rem; }
.output > pre { white-space: pre-wrap; overflow-wrap: anywhere; background: none; border-left: 3px solid var(--line); border-radius: 0; padding: .15rem 0 .15rem .95rem; }
.output > pre.stderr { border-color: var(--warn-line); }
.output > pre.error { border-color: var(--error-line); background: var(--error-page); padding: .7rem .95rem; }
.figure { text-align: center; overflow-x: auto; }
.figure img { max-width: 100%; height: auto; vertical-align: top; border-radius: .5rem; background: #fff; }
.output iframe { display: block; width: 100%; height: min(46rem, 90vh); border: 1px solid var(--line); border-radius: .55rem; }
.scroll, .math-block { overflow-x: auto; }
.math-block { overflow-y: hidden; padding: .2rem 0; }
table { border-collapse: collapse; font-size: .86rem; line-height: 1.4; margin: .6rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .38rem .8rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: baseline; }
th:first-child, td:first-child { padding-left: .2rem; }
thead th { border-bottom: 1.5px solid var(--muted); font-weight: 600; }
td.number, th.number { text-align: right; }
caption { text-align: left; color: var(--muted); padding: .2rem .2rem .5rem; }
.notice { margin: 1.2rem 0; padding: .75rem 1.1rem; border-left: 4px solid var(--info-line); background: var(--info-page); border-radius: .35rem; }
.notice strong { font-weight: 600; }
.notice.warning { border-color: var(--warn-line); background: var(--warn-page); color: var(--warn); }
.failed { color: var(--warn); }
.fine { color: var(--muted); font-size: .88rem; }
.cards { list-style: none; padding: 0; display: grid; gap: 1.1rem; margin: 1.8rem 0; }
.cards li { margin: 0; padding: 1.1rem 1.4rem; border: 1px solid var(--line); border-radius: .7rem; background: var(--panel); }
.cards h2 { margin: 0 0 .35em; padding: 0; border: 0; font-size: 1.2rem; }
.cards p { margin: .45em 0; }
footer { color: var(--muted); font-size: .85rem; padding-top: 1.5rem; padding-bottom: 3rem; }
footer .turn { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .5rem 1rem; padding: 1.2rem 0 .4rem; border-top: 1px solid var(--line); font-size: .95rem; }
footer .turn:not(:has(a)) { display: none; }
.hljs-keyword, .hljs-built_in, .hljs-literal { color: var(--keyword); }
.hljs-string, .hljs-regexp { color: var(--string); }
.hljs-number { color: var(--number); }
.hljs-comment, .hljs-doctag { color: var(--comment); font-style: italic; }
.hljs-title, .hljs-title.function_, .hljs-title.class_ { color: var(--title); }
.hljs-subst { color: inherit; }
math { font-size: 1.06em; }
@media (max-width: 40rem) {
  body { font-size: 1rem; }
  pre { font-size: .76rem; padding: .7rem .8rem; }
  th, td { padding: .35rem .5rem; }
  .figure.wide img { min-width: 41rem; }
  .output iframe { height: 54rem; }
}
@media print {
  :root, :root[data-theme] { color-scheme: light; }
  .tools, nav, .skip { display: none !important; }
  .columns { display: block; max-width: none; }
  body { font-size: 10.5pt; background: none; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  .figure, pre, tr { break-inside: avoid; }
  h1, h2, h3, h4 { break-after: avoid; }
  details.code > summary { display: none; }
}
`;

/** The page's own script: keeps the reader's choice of light or dark, and folds the code. */
export const PAGE_SCRIPT = `
const root = document.documentElement;
let theme = null;
try { theme = localStorage.getItem("theme"); } catch {}
if (theme === "light" || theme === "dark") root.dataset.theme = theme;
addEventListener("DOMContentLoaded", () => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const button = document.querySelector("#theme");
  const frames = document.querySelectorAll("iframe");
  const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  // A frame may neither read the page nor its storage, so it is told.
  const tell = (frame) =>
    frame.contentWindow.postMessage({ theme: isDark() ? "dark" : "light" }, "*");
  const label = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    frames.forEach(tell);
  };
  for (const frame of frames) frame.addEventListener("load", () => tell(frame));
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch {}
    label();
  });
  system.addEventListener("change", label);
  label();
  const fold = document.querySelector("#fold");
  fold?.addEventListener("click", () => {
    const hide = fold.getAttribute("aria-pressed") !== "true";
    for (const details of document.querySelectorAll("details.code")) details.open = !hide;
    fold.setAttribute("aria-pressed", String(hide));
  });
  const contents = document.querySelector("nav.contents details");
  if (contents && innerWidth < 1184) contents.open = false;
});
`;

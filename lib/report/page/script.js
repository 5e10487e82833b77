// The page's own script: keeps the reader's choice of light or dark, folds the code, opens pages to explore.
const root = document.documentElement;
let theme = null;
try {
  theme = localStorage.getItem("theme");
} catch {
  // Some browsers keep nothing for pages that are files.
}
if (theme === "light" || theme === "dark") root.dataset.theme = theme;
addEventListener("DOMContentLoaded", () => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const button = document.querySelector("#theme");
  const isDark = () => (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  // A frame may neither read the page nor its storage, so it is told.
  const tell = (frame) =>
    frame.contentWindow.postMessage({ theme: isDark() ? "dark" : "light" }, "*");
  const label = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    document.querySelectorAll("iframe").forEach(tell);
  };
  for (const frame of document.querySelectorAll("iframe")) {
    frame.addEventListener("load", () => tell(frame));
  }
  // A page to explore is large: it is fetched when it is asked for, and its picture stands there till then.
  for (const holder of document.querySelectorAll(".frame")) {
    const link = holder.querySelector("a");
    const open = document.createElement("button");
    open.type = "button";
    open.textContent = "Explore it here";
    link.before(open, " ");
    open.addEventListener("click", () => {
      const frame = document.createElement("iframe");
      frame.sandbox = "allow-scripts";
      frame.title = holder.dataset.title;
      frame.addEventListener("load", () => tell(frame));
      frame.src = link.href;
      holder.querySelector(".figure").hidden = true;
      open.replaceWith(frame);
      frame.focus();
    });
  }
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      // Some browsers keep nothing for pages that are files.
    }
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

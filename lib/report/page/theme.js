// Keeps the reader's choice of light or dark, and opens pages to explore, which are told of it.
const root = document.documentElement;

/** What the reader chose before. Some browsers keep nothing for pages that are files. */
function kept(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Keeps a choice for the next page. */
function keep(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // The choice then holds for this page alone.
  }
}

// Before anything is drawn.
if (["light", "dark"].includes(kept("theme"))) root.dataset.theme = kept("theme");

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
    keep("theme", root.dataset.theme);
    label();
  });
  system.addEventListener("change", label);
  label();
});

// Keeps the reader's choice of light or dark.
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

const system = matchMedia("(prefers-color-scheme: dark)");

/** Whether the page is dark now. */
function isDark() {
  return (root.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
}

addEventListener("DOMContentLoaded", () => {
  const button = document.querySelector("#theme");
  const label = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    document.querySelectorAll("iframe").forEach(tellTheme);
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    keep("theme", root.dataset.theme);
    label();
  });
  system.addEventListener("change", label);
  label();
});

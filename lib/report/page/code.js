// Code: hidden or shown on all pages, and copied by a button.
addEventListener("DOMContentLoaded", () => {
  const fold = document.querySelector("#fold");
  const show = (isShown) => {
    for (const details of document.querySelectorAll("details.code")) details.open = isShown;
    fold.textContent = isShown ? "Hide code" : "Show code";
  };
  if (fold && kept("code") === "hidden") show(false);
  fold?.addEventListener("click", () => {
    const isShown = fold.textContent === "Show code";
    show(isShown);
    keep("code", isShown ? "shown" : "hidden");
  });

  for (const code of document.querySelectorAll("main pre > code")) {
    const box = document.createElement("div"), button = document.createElement("button");
    box.className = "copyable";
    button.type = "button";
    button.textContent = "Copy";
    code.parentElement.replaceWith(box);
    box.append(code.parentElement, button);
    button.addEventListener("click", async () => {
      button.textContent = await copy(code) ? "Copied" : "Selected";
      setTimeout(() => button.textContent = "Copy", 2000);
    });
  }
});

/** Copies the text of an element; where that is not allowed, selects it for the reader to copy. */
async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(element);
    return false;
  }
}

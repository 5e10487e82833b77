// Figures open large, so that their text can be read on a phone.
addEventListener("DOMContentLoaded", () => {
  for (const image of document.querySelectorAll(".figure img")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "enlarge";
    if (!image.dataset.tips) button.title = "Open it large";
    image.replaceWith(button);
    button.append(image);
    button.addEventListener("click", () => openLarge(image));
  }
});

/** Shows a picture as large as the window, and never smaller than it was made: it scrolls then. */
function openLarge(image) {
  const dialog = document.createElement("dialog"), close = document.createElement("button");
  dialog.className = "large";
  dialog.setAttribute("aria-label", image.alt);
  close.type = "button";
  close.textContent = "Close";
  const large = image.cloneNode();
  const fit = Math.min(
    0.94 * innerWidth / image.naturalWidth,
    0.86 * innerHeight / image.naturalHeight,
  );
  if (Number.isFinite(fit)) large.style.width = `${Math.max(1, fit) * image.naturalWidth}px`;
  const box = document.createElement("div");
  box.tabIndex = 0;
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", "Figure");
  box.append(large);
  dialog.append(close, box);
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

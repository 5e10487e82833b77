// On paper nothing can be opened: hints and solutions stand open there. Code that is hidden stays so.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("main details:not(.code, [open])")) {
    details.open = true;
    addEventListener("afterprint", () => details.open = false, { once: true });
  }
});

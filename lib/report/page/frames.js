// Pages to explore, such as the map. They are apart from the page: what they must know is told by messages.

/** A frame may neither read the page nor its storage, so it is told of light or dark. */
function tellTheme(frame) {
  frame.contentWindow.postMessage({ theme: isDark() ? "dark" : "light" }, "*");
}

/** Heights that a frame may ask for, in CSS pixels. */
const LEAST_HEIGHT = 200, MOST_HEIGHT = 3000;

addEventListener("DOMContentLoaded", () => {
  for (const frame of document.querySelectorAll("iframe")) {
    frame.addEventListener("load", () => tellTheme(frame));
  }
  // It is large: so it is fetched when it is asked for, and its picture stands there till then.
  for (const holder of document.querySelectorAll(".frame")) {
    const link = holder.querySelector(":scope > p > a");
    if (!link) continue;
    const open = document.createElement("button");
    open.type = "button";
    open.textContent = "Explore it here";
    link.before(open, " ");
    open.addEventListener("click", () => {
      const frame = document.createElement("iframe");
      frame.sandbox = "allow-scripts";
      frame.title = holder.dataset.title;
      frame.addEventListener("load", () => tellTheme(frame));
      frame.src = link.href;
      open.replaceWith(frame);
      frame.focus();
    });
  }
});

// On a phone a frame is as high as what is in it, so that nothing scrolls within what scrolls.
addEventListener("message", ({ source, data }) => {
  const frame = [...document.querySelectorAll("iframe")].find(({ contentWindow }) =>
    contentWindow === source
  );
  if (!frame || !("height" in Object(data))) return;
  const isHeight = data.height >= LEAST_HEIGHT && data.height <= MOST_HEIGHT;
  frame.style.height = isHeight ? `${Math.ceil(data.height)}px` : "";
});

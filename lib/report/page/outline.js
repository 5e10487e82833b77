// Headings: a link to each, and a list of contents that follows the reader.

/** How far below the window's top a heading is taken for read, in CSS pixels. */
const READ_FROM = 120;
/** From which width of the window on the contents stand beside the text, in CSS pixels. */
const BESIDE_FROM = 1184;

addEventListener("DOMContentLoaded", () => {
  for (const heading of document.querySelectorAll("main :is(h2, h3, h4, h5, h6)[id]")) {
    const link = document.createElement("a");
    link.className = "anchor";
    link.href = `#${encodeURIComponent(heading.id)}`;
    link.textContent = "#";
    link.setAttribute("aria-label", "Link to this heading");
    heading.append(" ", link);
  }

  const nav = document.querySelector("nav.contents");
  if (!nav) return;
  if (innerWidth < BESIDE_FROM) nav.querySelector("details").open = false;
  const parts = [...nav.querySelectorAll("a")].map((link) => ({
    link,
    heading: document.getElementById(decodeURIComponent(link.hash.slice(1))),
  })).filter(({ heading }) => heading);
  let current;
  const follow = () => {
    const isAtEnd = innerHeight + scrollY >= root.scrollHeight - 2 && scrollY > 0;
    const part = isAtEnd ? parts.at(-1) : lastAbove(parts);
    if (part?.link === current) return;
    current?.removeAttribute("aria-current");
    current = part?.link;
    if (!current) return;
    current.setAttribute("aria-current", "location");
    // Long contents scroll by themselves; the page stays where it is.
    const { top, bottom } = current.getBoundingClientRect(), box = nav.getBoundingClientRect();
    if (top < box.top || bottom > box.bottom) nav.scrollTop += top - box.top - box.height / 2;
  };
  let isWaiting = false;
  const later = () => {
    if (isWaiting) return;
    isWaiting = true;
    requestAnimationFrame(() => {
      isWaiting = false;
      follow();
    });
  };
  addEventListener("scroll", later, { passive: true });
  addEventListener("resize", later);
  follow();
});

/** The last part whose heading has been reached: parts stand in order, so it is found by halving. */
function lastAbove(parts) {
  let from = 0, to = parts.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (parts[middle].heading.getBoundingClientRect().top <= READ_FROM) from = middle + 1;
    else to = middle;
  }
  return parts[from - 1];
}

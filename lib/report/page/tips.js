// Figures: what a point or a cell says when it is pointed at, or tapped in the figure that is open large.

/** How near to a small part one has to point, in CSS pixels. */
const REACH = 5;
/** Space between the pointer and what is said, in CSS pixels. */
const TIP_GAP = 12;

addEventListener("DOMContentLoaded", () => {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true");
  const read = new WeakMap();
  const show = ({ target, clientX, clientY }) => {
    const image = target instanceof Element &&
      (target.matches("button.enlarge") ? target.firstChild : target);
    const text = image?.dataset?.tips && textAt(image, clientX, clientY);
    tip.hidden = !text;
    if (!text) return;
    tip.textContent = text;
    // A dialog is above all else, and so is what is in it.
    (image.closest("dialog") ?? document.body).append(tip);
    const { offsetWidth, offsetHeight } = tip;
    const isLeft = clientX + TIP_GAP + offsetWidth > root.clientWidth;
    tip.style.left = `${
      Math.max(0, isLeft ? clientX - TIP_GAP - offsetWidth : clientX + TIP_GAP)
    }px`;
    tip.style.top = `${Math.max(0, clientY - TIP_GAP - offsetHeight)}px`;
  };
  const textAt = (image, clientX, clientY) => {
    if (!read.has(image)) read.set(image, JSON.parse(image.dataset.tips));
    const { left, top, width, height } = image.getBoundingClientRect();
    const x = 1000 * (clientX - left) / width, y = 1000 * (clientY - top) / height;
    const [reachX, reachY] = [1000 * REACH / width, 1000 * REACH / height];
    let found, least = Infinity;
    for (const [tipX, tipY, tipWidth, tipHeight, text] of read.get(image)) {
      const across = Math.max(tipX - x, 0, x - tipX - tipWidth) / reachX;
      const down = Math.max(tipY - y, 0, y - tipY - tipHeight) / reachY;
      const distance = Math.hypot(across, down);
      if (distance < 1 && distance < least) [found, least] = [text, distance];
    }
    return found;
  };
  addEventListener("pointermove", show);
  addEventListener("pointerdown", show);
  addEventListener("scroll", () => tip.hidden = true, { capture: true, passive: true });
});

// Tables: sorted by a click on a column's title; those wider than their place say that they scroll.
addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll("main table")) {
    if (isPlain(table)) makeSortable(table);
  }
  for (const box of document.querySelectorAll("main .scroll")) {
    const hint = document.createElement("p");
    hint.className = "fine hint";
    hint.textContent = "The table has more columns: scroll it sideways";
    hint.hidden = true;
    box.after(hint);
    new ResizeObserver(() => hint.hidden = box.scrollWidth <= box.clientWidth + 1).observe(box);
  }
});

/** Whether a table has one row of titles, and each row a cell for each title. */
function isPlain(table) {
  const [head, ...more] = table.tHead?.rows ?? [];
  if (!head || more.length > 0 || table.tFoot || table.tBodies.length !== 1) return false;
  const { rows } = table.tBodies[0];
  return rows.length > 1 && [head, ...rows].every((row) =>
    row.cells.length === head.cells.length &&
    [...row.cells].every(({ colSpan, rowSpan }) => colSpan === 1 && rowSpan === 1)
  );
}

function makeSortable(table) {
  const body = table.tBodies[0], given = [...body.rows];
  const titles = [...table.tHead.rows[0].cells];
  for (const [column, title] of titles.entries()) {
    if (title.textContent.trim() === "") continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "sort";
    button.title = "Sort by this column";
    button.append(...title.childNodes);
    title.append(button);
    button.addEventListener("click", () => {
      // Up, down, and as it was.
      const order = { ascending: "descending", descending: "" }[title.ariaSort] ?? "ascending";
      for (const other of titles) other.removeAttribute("aria-sort");
      if (order) title.setAttribute("aria-sort", order);
      body.append(...(order ? sorted(given, column, order === "ascending" ? 1 : -1) : given));
    });
  }
}

/** Rows in the order of a column: by number if all its cells begin with one; empty cells last. */
function sorted(rows, column, sign) {
  const texts = rows.map((row) => row.cells[column].textContent.trim());
  const numbers = numbersOf(texts);
  const { compare } = new Intl.Collator("en", { numeric: true });
  const order = (a, b) => {
    if (texts[a] === "" || texts[b] === "") return (texts[a] === "") - (texts[b] === "");
    return sign * (numbers[a] - numbers[b] || compare(texts[a], texts[b]));
  };
  return [...rows.keys()].sort(order).map((i) => rows[i]);
}

const NUMBER =
  /^(?:[<>≤≥≈~] ?)?([+\u2212-]?(?:\d{1,3}(?:[,\s]\d{3})+(?!\d)|\d+)?(?:\.\d+)?(?:e[+-]?\d+)?)(?![\w.]*\.\d)/i;
/** A duration, such as "8 min 22 s". */
const DURATION = /^(?:[\d.,]+ ?(?:h|min|ms|s)(?: |$))+$/;
const SECONDS = { h: 3600, min: 60, s: 1, ms: 1e-3 };

/** What texts are worth as numbers; nothing, each of them, if one is none. */
function numbersOf(texts) {
  const filled = texts.filter((text) => text !== "");
  const read = filled.every((text) => DURATION.test(text)) ? secondsOf : numberOf;
  return filled.every((text) => !Number.isNaN(read(text)))
    ? texts.map(read)
    : new Array(texts.length).fill(0);
}

function secondsOf(text) {
  let seconds = 0;
  for (const [, number, unit] of text.matchAll(/([\d.,]+) ?(h|min|ms|s)\b/g)) {
    seconds += numberOf(number) * SECONDS[unit];
  }
  return seconds;
}

/** The number that a text begins with. */
function numberOf(text) {
  const digits = text.match(NUMBER)?.[1] ?? "";
  return /\d/.test(digits) ? Number(digits.replace("\u2212", "-").replace(/[,\s]/g, "")) : NaN;
}

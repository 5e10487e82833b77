// The list of reports: a search over the sections of all of them, which stand hidden in the page.
addEventListener("DOMContentLoaded", () => {
  const list = document.querySelector("#sections");
  if (!list) return;
  const sections = [...list.children].map((item) => ({
    item,
    prose: item.querySelector("p"),
    given: item.querySelector("p").textContent,
    text: item.textContent.toLowerCase(),
  }));
  const label = document.createElement("label");
  const field = document.createElement("input");
  const status = document.createElement("p");
  field.type = "search";
  label.className = "search";
  label.append("Search all reports ", field);
  status.className = "fine";
  status.role = "status";
  list.before(label, status);
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(" ").filter((word) => word !== "");
    let found = 0;
    for (const { item, prose, given, text } of sections) {
      item.hidden = words.length === 0 || !words.every((word) => text.includes(word));
      if (item.hidden) continue;
      found++;
      prose.textContent = excerpt(given, words);
    }
    list.hidden = found === 0;
    status.textContent = words.length === 0
      ? ""
      : `${found === 0 ? "No" : found} ${found === 1 ? "section" : "sections"}`;
  });
});

/** Characters of a section that are shown, and how many of them before the first word that is sought. */
const EXCERPT = 200, BEFORE = 60;

/** The part of a section where one of the words first occurs. */
function excerpt(text, words) {
  const lower = text.toLowerCase();
  const places = words.map((word) => lower.indexOf(word)).filter((place) => place >= 0);
  const start = Math.max(0, Math.min(...(places.length > 0 ? places : [0])) - BEFORE);
  const end = start + EXCERPT;
  return `${start > 0 ? "… " : ""}${text.slice(start, end)}${end < text.length ? " …" : ""}`;
}

// What `page --interactive` adds: sorted tables, a search over all meetings, and the days of a meeting.
// The page is complete without it. Texts of the page stay texts: nothing here writes HTML.
"use strict";

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

// ---- Sorting ----

const collator = new Intl.Collator("en", {numeric: true, sensitivity: "base"});

// Titles have invisible characters around them, which would sort before every letter.
const text = cell => cell.dataset.value ?? cell.textContent.replace(/\p{Cf}/gu, "").trim();

// Of a range, such as "$1.20 – $4.80", the first number counts. A dash is not a number.
const number = cell => parseFloat(text(cell).replace(/[$,]/g, "").replace("\u2212", "-"));

function compareCells(column, isFigure, direction) {
  return (one, other) => {
    const [a, b] = [one.cells[column], other.cells[column]];
    if (!isFigure) return direction * collator.compare(text(a), text(b));
    const [left, right] = [number(a), number(b)];
    // What is not known comes last in both directions.
    if (isNaN(left) || isNaN(right)) return isNaN(left) - isNaN(right);
    return direction * (left - right);
  };
}

function sort(table, header) {
  const isFigure = header.classList.contains("n");
  const before = header.getAttribute("aria-sort");
  // The first click shows the most of a figure, and the first of a name.
  const first = isFigure ? "descending" : "ascending";
  const order = {ascending: "descending", descending: "ascending"}[before] ?? first;
  for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", order);
  closeAllDays(table);
  const direction = order === "ascending" ? 1 : -1;
  table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compareCells(header.cellIndex, isFigure, direction)));
}

function makeSortable(table) {
  table.classList.add("sortable");
  for (const header of table.tHead.rows[0].cells) {
    const button = make("button", {type: "button"}, ...header.childNodes);
    button.addEventListener("click", () => sort(table, header));
    header.append(button);
  }
}

// ---- The days of a meeting ----

const firstDay = Date.parse(document.querySelector("main").dataset.firstDay);
const tenths = new Intl.NumberFormat("en", {minimumFractionDigits: 1, maximumFractionDigits: 1});

// "Mon, 02 Nov 2026 00:00:00 GMT" becomes "Mon 2 Nov 2026", as the other tables have it.
const dayName = number => new Date(firstDay + number * 86_400_000).toUTCString().slice(0, 16).replace(/, 0?/, " ");

function makeDays(caption, rows) {
  const most = Math.max(...rows.map(([, minutes]) => minutes));
  const header = (name, attributes) => make("th", {scope: "col", ...attributes}, name);
  const table = make("table", {}, make("caption", {}, caption),
    make("thead", {}, make("tr", {},
      header("day"), header("minutes", {class: "n"}), header("sessions started", {class: "n"}))),
    make("tbody", {}, ...rows.map(([day, minutes, sessions]) => make("tr", {},
      make("th", {scope: "row", class: "share", style: `--share:${100 * minutes / (most || 1)}%`, "data-value": day},
        dayName(day)),
      make("td", {class: "n", "data-label": "minutes"}, tenths.format(minutes)),
      make("td", {class: "n", "data-label": "sessions started"}, String(sessions))))));
  makeSortable(table);
  return table;
}

function toggleDays(button) {
  const title = button.parentElement, row = title.parentElement;
  const isOpen = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!isOpen));
  if (isOpen) {
    row.nextElementSibling.remove();
  } else {
    const rows = JSON.parse(title.dataset.days);
    const shown = rows.length ? makeDays(`The days of ${button.textContent}`, rows) : "No minutes in this period.";
    row.after(make("tr", {}, make("td", {class: "days", colspan: row.cells.length}, shown)));
  }
}

function closeAllDays(table) {
  // Otherwise sorting and searching would part a meeting from its days.
  table.querySelectorAll("[aria-expanded=true]").forEach(toggleDays);
}

function makeMeetingOpen(title) {
  const button = make("button", {type: "button", "aria-expanded": "false"}, ...title.childNodes);
  button.addEventListener("click", () => toggleDays(button));
  title.append(button);
}

// ---- Search ----

// "Ärztliche" is found by "arzt". Both sides lose their marks, so that other scripts are found as they are written.
const plain = words => words.normalize("NFKD").replace(/[\p{M}\p{Cf}]/gu, "").toLowerCase();

function addSearch(table) {
  const rows = [...table.tBodies[0].rows];
  const names = rows.map(row => plain(text(row.cells[0])));
  // An ID counts by its beginning, and figures do not count: whoever looks for "12" looks for a title.
  const others = rows.map(row => [...row.querySelectorAll("td:not(.n)")].map(cell => plain(text(cell))));
  const has = (place, word) => names[place].includes(word) || others[place].some(other => other.startsWith(word));
  const field = make("input", {type: "search", id: "search", autocomplete: "off", spellcheck: "false"});
  const count = make("output", {for: "search"});
  field.addEventListener("input", () => {
    const words = plain(field.value).split(/\s+/).filter(Boolean);
    closeAllDays(table);
    rows.forEach((row, place) => { row.hidden = !words.every(word => has(place, word)); });
    const found = rows.filter(row => !row.hidden).length.toLocaleString("en");
    count.textContent = words.length ? `${found} of ${rows.length.toLocaleString("en")} meetings` : "";
    const folded = table.closest("details");
    if (folded && words.length) folded.open = true;
  });
  const search = make("search", {}, make("label", {for: "search"}, "Search the meetings"), field, count);
  (table.closest("details") ?? table).before(search);
}

document.querySelectorAll("table").forEach(makeSortable);
document.querySelectorAll("th[data-days]").forEach(makeMeetingOpen);
document.querySelectorAll("#meetings").forEach(addSearch);

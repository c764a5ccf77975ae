// The list of recordings of `m2l view --edit`: searched, ordered, and how many are checked.

const find = (selector) => document.querySelector(selector);
let takes = [];

const ORDERS = {
  confidence: (a, b) => (a.confidence ?? 2) - (b.confidence ?? 2) || a.number - b.number,
  number: (a, b) => a.number - b.number,
  name: (a, b) => a.name.localeCompare(b.name),
  unchecked: (a, b) => b.segments - b.checked - (a.segments - a.checked) || a.number - b.number,
};

/** Get the list again, as when a person comes back from a recording. */
async function load() {
  const found = await (await fetch("takes", { cache: "no-store" })).json();
  takes = found.map((take, number) => ({ ...take, number }));
  show();
  document.documentElement.dataset.ready = "";
}

function show() {
  const wanted = find("#filter").value.trim().toLowerCase();
  const matches = ({ name, text, labels }) => [name, text, ...labels].join(" ").toLowerCase().includes(wanted);
  const shown = takes.filter(matches).sort(ORDERS[find("#order").value]);
  find("#takes").replaceChildren(...shown.map(row));
  const pages = shown.map(({ number }) => new URL(`take/${number}`, window.location).pathname);
  sessionStorage.setItem("motion2language:order", JSON.stringify(pages)); // in which N and P go through them
  const done = takes.filter(isDone).length;
  const hidden = shown.length < takes.length ? `, ${shown.length} shown` : "";
  find("#progress").textContent = `${done} of ${takes.length} checked${hidden}`;
}

const isDone = ({ checked, segments }) => checked === segments;

function row(take) {
  const link = document.createElement("a");
  link.href = `take/${take.number}`;
  link.textContent = take.name;
  const confidence = take.confidence === null ? "" : `${Math.round(100 * take.confidence)} %`;
  const checked = `${take.checked} of ${take.segments}${isDone(take) ? " ✓" : ""}`;
  const line = document.createElement("tr");
  for (const content of [link, take.text || "(nothing to describe)", checked, confidence]) {
    const cell = document.createElement("td");
    cell.append(content);
    line.append(cell);
  }
  return line;
}

find("#filter").addEventListener("input", show);
find("#order").addEventListener("change", show);
window.addEventListener("pageshow", (event) => event.persisted && load());
load();

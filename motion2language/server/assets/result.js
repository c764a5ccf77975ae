// A result on its card: the sentence, the segments, the files to save, and the player, whose corrections are kept.

const USUAL = ["srt", "json", "csv"]; // formats with a link of their own; the others are in a menu
const SURE = 0.7; // confidence from which an action is shown as certain; as the player's

const find = (selector, from = document) => from.querySelector(selector);

/** Fill a card with a result {name, transcript, files, notes, corrected}. */
export function showResult(card, { transcript, files, notes = [], corrected }) {
  find(".result", card).hidden = false;
  find(".notes", card).hidden = !notes.length;
  find(".notes", card).textContent = notes.join(". ");
  if (corrected) showCorrected(card, corrected);
  else showTranscript(card, transcript);
  const named = Object.entries(files).map(([name, text]) => ({ name, text, kind: name.slice(name.indexOf(".", 1) + 1) }));
  const usual = USUAL.flatMap((kind) => named.filter((file) => file.kind.toLowerCase() === kind));
  find(".downloads", card).append(...usual.map(link), menu(named.filter((file) => !usual.includes(file)), transcript.source));
  const page = named.find(({ kind }) => kind === "html");
  const button = find(".play", card);
  button.hidden = !page;
  button.addEventListener("click", () => play(button, find(".player", card), page.text, transcript.source));
}

function showTranscript(card, transcript) {
  find(".sentence", card).textContent = transcript.segments.map(captionOf).join(" ") || transcript.text || "(no caption)";
  find("table", card).hidden = !transcript.segments.length;
  find("tbody", card).replaceChildren(...transcript.segments.map(row));
}

/** The words of a segment; none of them where the model does not know the action. The player and the files have its facts. */
export function captionOf({ known, text }) {
  return known === false ? "unknown action" : text;
}

function row(segment) {
  const certainty = segment.checked ? null : segment.confidence ?? segment.probability ?? null;
  const cells = [clock(segment.start), clock(segment.end), segment.known === false ? "" : segment.label ?? "", captionOf(segment), ...confidence(certainty)];
  const line = document.createElement("tr");
  for (const [column, content] of cells.entries()) {
    const cell = document.createElement("td");
    cell.append(content);
    cell.className = column < 2 || column === 4 ? "number" : "";
    line.append(cell);
  }
  line.classList.toggle("unsure", certainty !== null && certainty < SURE);
  return line;
}

/** A bar as long as the confidence, and the number. */
function confidence(share) {
  if (share === null) return [""];
  const cell = document.createElement("span");
  const bar = document.createElement("i");
  bar.style.width = `${Math.round(60 * share)}px`;
  cell.className = "confidence";
  cell.append(bar, `${Math.round(100 * share)} %`);
  return [cell];
}

function link({ name, text, kind }) {
  const anchor = document.createElement("a");
  anchor.className = "save";
  anchor.href = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
  anchor.download = name;
  anchor.textContent = kind.toUpperCase();
  anchor.setAttribute("aria-label", `Save ${name}`);
  return anchor;
}

/** The other formats: choosing one saves it. */
function menu(files, source) {
  const select = document.createElement("select");
  select.className = "save";
  select.setAttribute("aria-label", `Other formats of ${source}`);
  select.append(new Option("other formats", ""), ...files.map(({ name, kind }) => new Option(kind.toUpperCase(), name)));
  select.addEventListener("change", () => {
    const file = files.find(({ name }) => name === select.value);
    if (file) link(file).click();
    select.value = "";
  });
  return select;
}

/** Show the player in a frame that may run its scripts and save files, and nothing else; or hide it again. */
function play(button, panel, page, name) {
  if (panel.firstChild) {
    panel.replaceChildren();
    button.textContent = "Show player";
  } else {
    const frame = document.createElement("iframe");
    frame.sandbox = "allow-scripts allow-downloads";
    frame.title = `Player of ${name}`;
    frame.src = URL.createObjectURL(new Blob([page], { type: "text/html" }));
    panel.append(frame);
    button.textContent = "Hide player";
  }
  button.setAttribute("aria-expanded", String(Boolean(panel.firstChild)));
}

/** Keep the corrections that a player in a frame makes, as the successors of what is kept; see the player's keeping.js. */
function keepCorrection({ source, data }) {
  const frame = [...document.querySelectorAll("iframe")].find((each) => each.contentWindow === source);
  if (!frame || !data || data.kind !== "correction") return;
  const place = `motion2language:${data.key}`;
  const stored = JSON.parse(localStorage.getItem(place));
  const version = (saved) => (saved ? saved.correction.version : 0);
  const refused = data.saved && version(data.saved) !== version(stored) + 1;
  if (data.saved && !refused) localStorage.setItem(place, JSON.stringify(data.saved));
  const shown = refused ? null : data.saved || stored;
  const card = frame.closest(".recording");
  if (shown) showCorrected(card, shown);
  if (shown) card.dispatchEvent(new CustomEvent("corrected", { detail: shown }));
  source.postMessage({ answers: data.id, value: data.saved && !refused ? null : stored }, "*");
}

function showCorrected(card, transcript) {
  showTranscript(card, transcript);
  find(".corrected", card).hidden = false;
}

window.addEventListener("message", keepCorrection);

function clock(seconds) {
  const tenths = Math.round(10 * seconds);
  const minutes = Math.floor(tenths / 600);
  return `${String(minutes).padStart(2, "0")}:${((tenths - 600 * minutes) / 10).toFixed(1).padStart(4, "0")}`;
}

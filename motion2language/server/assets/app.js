// The page: chosen or dropped files are uploaded one after the other, and their captions shown as they arrive.
// Results exist in this page alone; closing it discards them.

const AT_ONCE = 2; // requests at a time; the server itself describes one recording at a time
const SHOWN = ["srt", "vtt", "json", "csv", "eaf", "textgrid"]; // downloads named first

const find = (selector, from = document) => from.querySelector(selector);
const client = crypto.getRandomValues(new Uint32Array(2)).join("-");
const waiting = [];
let about = { models: [], forms: [], limits: {} };
let underWay = 0;
let finished = 0;
let total = 0;

const ready = fetch("/api/models").then((answer) => answer.json()).then((found) => {
  about = found;
  find("#model").replaceChildren(...found.models.map((name) => new Option(name, name)));
  find("#limits").textContent = ` · up to ${found.limits.megabytes} MB and ${found.limits.minutes} minutes`;
  document.documentElement.dataset.ready = "";
});

/** Group files into recordings: each file by itself, an .amc with the .asf of its subject, or with the only .asf. */
function recordings(files) {
  const skeletons = files.filter((file) => /\.asf$/i.test(file.name));
  const others = files.filter((file) => !skeletons.includes(file));
  const fitting = (file) =>
    skeletons.length === 1 ? skeletons : skeletons.filter((asf) => file.name.startsWith(asf.name.replace(/\.asf$/i, ""))).slice(0, 1);
  return others.map((file) => (/\.amc$/i.test(file.name) ? [file, ...fitting(file)] : [file]));
}

function add(files) {
  const found = recordings([...files]);
  if (!found.length && files.length) report("An .asf contains only a skeleton; add its .amc file.");
  for (const parts of found) {
    const card = find("#recording").content.firstElementChild.cloneNode(true);
    find("h2", card).textContent = parts[0].name;
    find("progress", card).setAttribute("aria-label", `Progress of ${parts[0].name}`);
    find(".downloads", card).setAttribute("aria-label", `Results of ${parts[0].name}`);
    state(card, "waiting");
    find("#recordings").append(card);
    waiting.push({ parts, card, options: options() });
    total += 1;
  }
  ready.then(next);
}

function options() {
  const names = ["model", "beam", "least", "fps", "take", "layout", "action_words"];
  return Object.fromEntries(names.map((name) => [name, find(`#${name}`).value]).filter(([, value]) => value !== ""));
}

function next() {
  while (underWay < AT_ONCE && waiting.length) {
    underWay += 1;
    const job = waiting.shift();
    describe(job)
      .then((found) => show(job.card, found))
      .catch((error) => fail(job.card, error.message))
      .finally(() => {
        underWay -= 1;
        finished += 1;
        report(`${finished} of ${total} done`);
        next();
      });
  }
}

/** Upload a recording; resolves to the server's answer. The upload is the first half of its progress. */
function describe({ parts, card, options }) {
  if (parts.some((file) => file.size > 1e6 * about.limits.megabytes)) {
    return Promise.reject(new Error(`larger than the limit of ${about.limits.megabytes} MB; cut the recording`));
  }
  const body = new FormData();
  for (const file of parts) body.append("file", file);
  for (const [name, value] of Object.entries(options)) body.append(name, value);
  body.append("form", about.forms.join(","));
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let read = 0;
    request.open("POST", "/api/transcribe");
    request.setRequestHeader("Accept", "application/x-ndjson");
    request.setRequestHeader("X-Client", client);
    request.upload.onprogress = (event) => {
      state(card, "uploading");
      if (event.lengthComputable) find("progress", card).value = (0.5 * event.loaded) / event.total;
    };
    request.onprogress = () => {
      const lines = request.responseText.slice(read).split("\n").slice(0, -1);
      for (const line of lines) {
        read += line.length + 1;
        const change = JSON.parse(line);
        if (change.before > 0) state(card, `waiting, ${change.before} ahead`);
        if (change.before === 0) state(card, "describing");
        find("progress", card).value = 0.6;
      }
    };
    request.onload = () => {
      let answer;
      try {
        answer = JSON.parse(request.responseText.trim().split("\n").pop());
      } catch {
        answer = { error: `the server answered with status ${request.status}` };
      }
      if (answer.error) reject(new Error(answer.error));
      else if (answer.transcript) resolve(answer);
      else reject(new Error("the connection was lost before the result arrived"));
    };
    request.onerror = () => reject(new Error("the server cannot be reached; is m2l serve running?"));
    request.send(body);
  });
}

function show(card, { transcript, files }) {
  card.classList.add("done");
  find("progress", card).hidden = true;
  find(".result", card).hidden = false;
  find(".sentence", card).textContent = transcript.text || "(no caption)";
  find("table", card).hidden = !transcript.segments.length;
  find("tbody", card).append(...transcript.segments.map(row));
  const links = Object.entries(files).map(([name, text]) => link(name, text));
  find(".downloads", card).append(...links);
  const page = Object.entries(files).find(([name]) => name.endsWith(".html"));
  const button = find(".play", card);
  button.hidden = !page;
  button.addEventListener("click", () => play(button, find(".player", card), page[1], transcript.source));
}

function row(segment) {
  const cells = [clock(segment.start), clock(segment.end), segment.label ?? "", segment.text, percent(segment.probability)];
  const line = document.createElement("tr");
  line.append(
    ...cells.map((text, column) => {
      const cell = document.createElement("td");
      cell.textContent = text;
      cell.className = column < 2 || column === 4 ? "number" : "";
      return cell;
    }),
  );
  return line;
}

function link(name, text) {
  const anchor = document.createElement("a");
  anchor.className = "save";
  anchor.href = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
  anchor.download = name;
  const kind = name.slice(name.indexOf(".", 1) + 1);
  anchor.textContent = kind.toUpperCase();
  anchor.setAttribute("aria-label", `Save ${name}`);
  anchor.style.order = String(1 + ((SHOWN.indexOf(kind.toLowerCase()) + 100) % 100));
  return anchor;
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

function fail(card, message) {
  card.classList.add("wrong");
  find("progress", card).hidden = true;
  state(card, message);
}

function state(card, text) {
  find(".state", card).textContent = text;
}

function report(text) {
  find("#status").textContent = text;
}

const percent = (share) => (share === null || share === undefined ? "" : `${Math.round(100 * share)} %`);

function clock(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${String(minutes).padStart(2, "0")}:${(seconds - 60 * minutes).toFixed(1).padStart(4, "0")}`;
}

/** Keep the corrections that a player in a frame makes, as the successors of what is kept; see keeping.js. */
function keepCorrection({ source, data }) {
  const frames = [...document.querySelectorAll("iframe")];
  if (!data || data.kind !== "correction" || !frames.some((frame) => frame.contentWindow === source)) return;
  const place = `motion2language:${data.key}`;
  const stored = JSON.parse(localStorage.getItem(place));
  const version = (saved) => (saved ? saved.correction.version : 0);
  const refused = data.saved && version(data.saved) !== version(stored) + 1;
  if (data.saved && !refused) localStorage.setItem(place, JSON.stringify(data.saved));
  source.postMessage({ answers: data.id, value: data.saved && !refused ? null : stored }, "*");
}

window.addEventListener("message", keepCorrection);

const drop = find("#drop");
find("#files").addEventListener("change", (event) => {
  add(event.target.files);
  event.target.value = "";
});
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.remove("over");
  });
}
document.addEventListener("drop", (event) => add(event.dataTransfer.files));

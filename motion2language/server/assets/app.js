// The page: chosen or dropped files are described one after the other, and their captions shown as they arrive.
// Results stay in this browser until they are removed; see kept.js.

import { filesOf, recordingsOf } from "./dropped.js";
import { forget, keep, kept } from "./kept.js";
import { showResult } from "./result.js";
import { send } from "./request.js";
import { zipOf } from "./zip.js";

const AT_ONCE = 2; // requests at a time; the server describes others meanwhile

const find = (selector, from = document) => from.querySelector(selector);
const client = crypto.getRandomValues(new Uint32Array(2)).join("-");
let jobs = []; // {id, number, added, card, name, state: waiting | running | done | failed, parts, options, result, cancel}
let count = 0;
let about = { models: [], forms: [], limits: {} };

const ready = fetch("/api/models").then((answer) => answer.json()).then(async (found) => {
  about = found;
  find("#model").replaceChildren(...found.models.map((name) => new Option(name, name)));
  find("#limits").textContent = ` · up to ${found.limits.megabytes} MB and ${found.limits.minutes} minutes`;
  for (const result of (await kept()).sort((a, b) => a.added - b.added)) finish(makeJob({ id: result.id, added: result.added, name: result.name }), result);
  document.documentElement.dataset.ready = "";
});

function makeJob(fields) {
  count += 1;
  const card = find("#recording").content.firstElementChild.cloneNode(true);
  const job = { id: `${Date.now()}-${client}-${count}`, number: count, added: 1000 * Date.now() + count, card, state: "waiting", ...fields };
  find("h2", card).textContent = job.name;
  find("progress", card).setAttribute("aria-label", `Progress of ${job.name}`);
  find(".downloads", card).setAttribute("aria-label", `Results of ${job.name}`);
  for (const [kind, act] of [["retry", () => retry(job)], ["remove", () => remove(job)]]) {
    const button = find(`.${kind}`, card);
    button.setAttribute("aria-label", `${button.textContent} ${job.name}`);
    button.addEventListener("click", act);
  }
  find("#recordings").append(card);
  jobs.push(job);
  return job;
}

function add(files) {
  const found = recordingsOf(files);
  if (!found.length && files.length) say("An .asf contains only a skeleton; add its .amc file.");
  for (const parts of found) enqueue(makeJob({ name: parts[0].name, parts, options: options() }));
}

function options() {
  const names = ["model", "beam", "least", "fps", "take", "layout", "action_words"];
  return Object.fromEntries(names.map((name) => [name, find(`#${name}`).value]).filter(([, value]) => value !== ""));
}

function enqueue(job) {
  setState(job, "waiting", "waiting", 0);
  ready.then(next);
}

function next() {
  while (jobs.filter(({ state }) => state === "running").length < AT_ONCE) {
    const job = jobs.find(({ state }) => state === "waiting");
    if (!job) return;
    const { parts, options: chosen } = job;
    const task = { parts, options: chosen, forms: about.forms, most: about.limits.megabytes };
    setState(job, "running", "uploading", 0);
    const sent = send(task, (text, share) => setState(job, "running", text, share));
    job.cancel = sent.cancel;
    sent.answer
      .then((answer) => {
        const result = { id: job.id, added: job.added, name: job.name, ...answer };
        keep(result);
        finish(job, result);
      })
      .catch((error) => setState(job, "failed", error.message, null))
      .finally(next);
  }
}

function finish(job, result) {
  job.result = result;
  showResult(job.card, result);
  job.card.addEventListener("corrected", ({ detail }) => {
    job.result = { ...job.result, corrected: detail };
    keep(job.result);
  });
  setState(job, "done", "", null);
}

/** The files of a result [name, text], and what was corrected of it. */
function filesToSave({ transcript, files, corrected }) {
  const name = `${transcript.source.replace(/\.[^.]*$/, "") || transcript.source}.corrected.json`;
  return [...Object.entries(files), ...(corrected ? [[name, JSON.stringify(corrected, null, 1)]] : [])];
}

/** Show a job's state; `share` of its progress from 0 to 1, null for unknown. */
function setState(job, state, text, share) {
  job.state = state;
  const { card } = job;
  card.classList.toggle("done", state === "done");
  card.classList.toggle("wrong", state === "failed");
  find(".state", card).textContent = text;
  find(".retry", card).hidden = state !== "failed";
  find(".remove", card).textContent = ["done", "failed"].includes(state) ? "Remove" : "Cancel";
  find(".remove", card).setAttribute("aria-label", `${find(".remove", card).textContent} ${job.name}`);
  const progress = find("progress", card);
  progress.hidden = state === "done" || state === "failed";
  if (share === null) progress.removeAttribute("value");
  else progress.value = share;
  report();
}

function retry(job) {
  job.options = options();
  enqueue(job);
}

async function remove(job) {
  jobs = jobs.filter((each) => each !== job);
  if (job.state === "running") job.cancel();
  report();
  await forget(job.id); // the card goes when no reload can bring it back
  job.card.remove();
}

/** Count what is done, failed and to come. */
function report() {
  const number = (state) => jobs.filter((job) => job.state === state).length;
  const [done, failed, open] = [number("done"), number("failed"), number("waiting") + number("running")];
  const parts = [`${done} done`, ...(failed ? [`${failed} failed`] : []), ...(open ? [`${open} to come`] : [])];
  say(jobs.length ? parts.join(", ") : "");
  find("#all").hidden = !jobs.length;
  find("#zip").disabled = !done;
}

function say(text) {
  find("#status").textContent = text;
}

const ORDERS = {
  added: (a, b) => a.number - b.number,
  name: (a, b) => a.name.localeCompare(b.name),
  confidence: (a, b) => certaintyOf(a) - certaintyOf(b) || a.number - b.number,
};

/** The least confidence of a result's segments; recordings without one come last. */
function certaintyOf({ result }) {
  const { segments } = result ? result.corrected || result.transcript : { segments: [] };
  return Math.min(2, ...segments.map(({ checked, confidence, probability }) => (checked ? 2 : confidence ?? probability ?? 2)));
}

find("#order").addEventListener("change", ({ target }) => {
  find("#recordings").append(...[...jobs].sort(ORDERS[target.value]).map(({ card }) => card));
});

find("#zip").addEventListener("click", () => {
  const files = jobs.flatMap(({ result }) => (result ? filesToSave(result) : []));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(zipOf(files));
  link.download = "captions.zip";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
});

find("#clear").addEventListener("click", () => [...jobs].forEach(remove));

const drop = find("#drop");
find("#files").addEventListener("change", (event) => {
  add([...event.target.files]);
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
document.addEventListener("drop", async (event) => add(await filesOf(event.dataTransfer)));

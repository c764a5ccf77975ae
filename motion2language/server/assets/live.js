// The live page: a body that moves as frames come, and the words as they become final; no word is ever removed.
"use strict";

const TIMEOUT = 5000; // milliseconds without any message after which the connection counts as lost
const RETRY = 1000; // milliseconds until the next attempt to connect
const SHOWN = 400; // sentences and notes kept on the page
const GLIDE = 0.3; // seconds over which the followed position is averaged, so that steps do not shake the view
const SINKS = 5; // frames in a row below the ground that lower it

/** The body in 3D, a frame at a time. */
class LiveView extends View {
  constructor(canvas, about, pose) {
    const take = { ...about, motion: { frames: 1, fps: 1 } };
    super(canvas, new Body(take, pose));
    this.about = about;
    this.body.height = about.height;
    const reach = MARGIN * about.height;
    this.makeGrid([-reach, reach, -reach, reach]);
    this.lows = [];
    this.show(pose, 0);
    this.lookAtBody();
    this.paint();
  }

  /** Put the body into a pose, `seconds` after the previous one. */
  show(pose, seconds) {
    this.body.pose.set(pose);
    this.body.place();
    this.lowerGround(pose);
    const at = 3 * this.about.pelvis;
    const pelvis = new THREE.Vector3(pose[at], 0, pose[at + 2]);
    const before = this.middle;
    const jumped = !before || before.distanceTo(pelvis) > 2 * this.body.height;
    this.middle = jumped ? pelvis : before.clone().lerp(pelvis, 1 - Math.exp(-seconds / GLIDE));
    if (before && this.following) this.shift(this.middle.clone().sub(before));
    const unit = this.grid.scale.x;
    this.grid.position.set(unit * Math.round(pelvis.x / unit), this.body.ground, unit * Math.round(pelvis.z / unit));
    this.ask();
  }

  /** Lower the ground once a body stays beneath it. */
  lowerGround(pose) {
    const low = pose.reduce((least, value, at) => (at % 3 === 1 ? Math.min(least, value) : least), Infinity);
    this.lows = low < this.body.ground - 0.01 ? [...this.lows, low] : [];
    if (this.lows.length < SINKS) return;
    this.body.setGround(Math.max(...this.lows));
    this.lows = [];
  }

  setFollowing(following) {
    this.following = following;
    if (following) this.shift(this.middle.clone().sub(this.orbiting.target).setY(0));
  }

  lookAtBody() {
    this.lookFrom(this.middle.clone(), this.about.facing, 2.35 * this.body.height);
  }
}

/** Seconds of the stream as text; seconds since 1970 as the time of day. */
function momentText(seconds) {
  if (seconds > 1e8) return new Date(1000 * seconds).toLocaleTimeString();
  const hours = Math.floor(seconds / 3600);
  return hours ? `${hours}:${clockText(seconds - 3600 * hours).padStart(7, "0")}` : clockText(seconds);
}

function wordOf({ word, time }) {
  return element("span", { class: "said-word", dir: "auto" }, word, element("small", {}, momentText(time)), " ");
}

class LivePage {
  constructor() {
    this.stages = [];
    this.following = true;
    this.numbers = new Map();
    this.present = document.getElementById("present");
    this.past = document.getElementById("past");
    this.help = document.getElementById("help");
    const reset = makeButton("view", "Reset the view", "0", () => this.stages.forEach((view) => view.lookAtBody()));
    this.follow = makeButton("follow", "Follow the body", "F", () => this.setFollowing(!this.following));
    const keys = makeButton("help", "Keyboard shortcuts", "?", () => this.help.showModal());
    document.getElementById("tools").append(this.follow, reset, keys);
    makeKeys([...viewActions(this), [["?"], "show this list", () => this.help.showModal()]], this.help);
    this.setFollowing(true);
    this.clearPresent();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.stages.forEach((view) => view.paint()));
    document.addEventListener("visibilitychange", () => (document.hidden ? this.disconnect() : this.connect()));
    if (!document.hidden) this.connect();
  }

  /** Connect, and reconnect whenever the connection is lost. Events that the page has are not sent again. */
  connect() {
    this.disconnect();
    const source = new EventSource(`/events?after=${this.known || ""}`);
    this.source = source;
    source.onmessage = (event) => this.receive(event);
    source.onerror = () => this.reconnect();
    this.startTimeout();
  }

  /** Disconnect; hidden pages do, since browsers allow few connections to one server. */
  disconnect() {
    clearTimeout(this.timer);
    if (this.source) this.source.close();
    this.source = null;
  }

  reconnect() {
    this.disconnect();
    this.showState("lost", "connection lost; reconnecting");
    this.timer = setTimeout(() => this.connect(), RETRY);
  }

  startTimeout() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.reconnect(), TIMEOUT);
  }

  receive(event) {
    this.startTimeout();
    const message = JSON.parse(event.data);
    if (event.lastEventId) this.remember(event.lastEventId);
    this[message.kind]?.(message);
  }

  /** Remember the last event received, and notice that m2l live was restarted. */
  remember(id) {
    const [run] = id.split("-");
    if (this.run && this.run !== run) this.keep(element("li", { class: "note" }, "m2l live was restarted"));
    this.run = run;
    this.known = id;
  }

  state({ state, quiet }) {
    const texts = {
      waiting: "waiting for motion",
      live: "live",
      stalled: `no frames for ${quiet < 60 ? quiet.toFixed(0) : momentText(quiet).replace(/\..*/, "")} s`,
      ended: "the stream has ended",
    };
    this.showState(state, texts[state]);
  }

  showState(state, text) {
    const badge = document.getElementById("state");
    badge.dataset.state = state;
    if (badge.textContent !== text) badge.textContent = text;
  }

  body(about) {
    this.about = about;
    this.begun = false;
    if (this.present.querySelector(".nothing")) this.clearPresent();
  }

  frame({ time, pose }) {
    document.getElementById("time").textContent = momentText(time);
    const positions = Float32Array.from(pose, (millimetres) => millimetres / 1000);
    const seconds = Math.min(Math.max(time - this.time || 0, 0), 1);
    this.time = time;
    if (this.broken) return;
    try {
      if (this.begun) this.stages[0].show(positions, seconds);
      else this.begin(positions);
    } catch (error) {
      this.broken = true;
      const reason = `3D does not work in this browser (${error.message}); the captions still do.`;
      document.querySelector(".stage").replaceWith(element("p", { class: "stage broken", role: "alert" }, reason));
    }
  }

  /** Show a new body; each has a canvas of its own. */
  begin(positions) {
    const old = document.querySelector("canvas.stage");
    this.stages.forEach((view) => view.renderer.dispose());
    const canvas = old.cloneNode();
    old.replaceWith(canvas);
    const view = new LiveView(canvas, this.about, positions);
    view.setFollowing(this.following);
    this.stages = [view];
    this.begun = true;
  }

  word(message) {
    this.present.querySelector(".nothing")?.remove();
    this.present.append(wordOf(message));
    this.showLatest();
  }

  /** Scroll what is said now to its end. */
  showLatest() {
    const { parentElement } = this.present;
    parentElement.scrollTop = parentElement.scrollHeight;
  }

  /** How often the body has repeated its movement; the next count takes its place. */
  count({ count }) {
    this.present.querySelector(".nothing")?.remove();
    const last = this.present.lastElementChild;
    const shown = last?.matches(".count") ? last : this.present.appendChild(element("span", { class: "count" }));
    shown.textContent = `· ${count} `;
  }

  /** An action that is over, in the place of its words; it comes again when its end moves. */
  piece({ segment }) {
    for (const word of this.present.querySelectorAll(".nothing, :scope > .said-word")) word.remove();
    const part = this.part(segment);
    const last = [...this.present.querySelectorAll(".part")].pop();
    if (last?.start === segment.start) last.replaceWith(part);
    else this.present.append(part);
    this.showLatest();
  }

  /** Move a finished sentence to the history, each part with its time. */
  sentence({ segments }) {
    this.keep(element("li", {}, ...segments.map((segment) => this.part(segment))));
    this.clearPresent();
  }

  part({ start, end, label, words }) {
    const when = element("span", { class: "when" }, `${momentText(start)} – ${momentText(end)}`);
    const said = words.length ? words.map(wordOf) : [element("span", { class: "unknown" }, "unknown action")];
    const spoken = element("span", { class: "spoken" }, ...said);
    return element("div", { class: "part", "--colour": colourOf(this.colour(label)), ".start": start }, when, spoken);
  }

  note({ text, time }) {
    this.keep(element("li", { class: "note" }, `${momentText(time)} ${text}`));
  }

  lost({ count }) {
    this.keep(element("li", { class: "note" }, `${count} earlier words and sentences are no longer available`));
  }

  keep(row) {
    this.past.prepend(row);
    while (this.past.children.length > SHOWN) this.past.lastChild.remove();
  }

  clearPresent() {
    const said = this.past.querySelector(".part") ? "No new words yet" : "No words yet";
    this.present.replaceChildren(element("span", { class: "nothing" }, this.about ? said : "Waiting for motion"));
  }

  /** The same label always has the same colour. */
  colour(label) {
    if (label === null) return null;
    if (!this.numbers.has(label)) this.numbers.set(label, this.numbers.size % 8);
    return this.numbers.get(label);
  }

  setFollowing(following) {
    this.following = following;
    this.follow.setAttribute("aria-pressed", String(following));
    this.stages.forEach((view) => view.setFollowing(following));
  }
}

const page = new LivePage();

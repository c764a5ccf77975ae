// The editor: the documents of all takes with one history, what is selected, and every correction as a method.
"use strict";

class Editor {
  /** about: {actions, address, person, open}; the address of a server that keeps the corrections, or null. */
  constructor(player, about) {
    Object.assign(this, { player, clock: player.clock, takes: player.takes, about });
    this.on = false;
    this.id = null; // of the selected segment in it
    this.mark = null; // seconds, start of a selection that is being made
    this.person = about.person || remembered("person") || "";
    this.listeners = [];
    for (const take of this.takes) take.original = take.transcript;
    this.originals = this.takes.map((take) => documentOf(take.original, take.duration, 1 / take.fps));
    this.history = new History(this.originals);
    this.likely = this.takes.map(likelyBoundaries);
    this.keepers = this.takes.map((take, number) => {
      const make = (version) => this.correction(number, version);
      return new Keeper(take, about.address, make, () => this.tell());
    });
    this.shown = this.takes.map(() => null);
    this.show();
  }

  get take() {
    return this.player.active; // the take that keys and the panel change
  }

  /** Show what was corrected before; from then on every change is saved. */
  async start() {
    await this.open();
    this.ready = true;
    if (this.about.open) this.toggle();
    this.tell();
  }

  async open() {
    const saved = await Promise.all(this.keepers.map((keeper) => keeper.open()));
    if (!saved.some(Boolean)) return this.tell();
    const documents = saved.map((each, number) => (each ? this.documentFrom(each, number) : this.originals[number]));
    this.history = new History(documents);
    this.show();
    for (const [number, keeper] of this.keepers.entries()) if (versionOf(saved[number]) > keeper.version) keeper.save();
    return undefined;
  }

  /** The document of a saved correction; segments with facts of the model get their wording back. */
  documentFrom(saved, number) {
    const take = this.takes[number];
    const shown = new Map(take.original.segments.map((segment) => [JSON.stringify(segment.facts), segment.shown]));
    const segments = saved.segments.map((segment) => ({ ...segment, shown: shown.get(JSON.stringify(segment.facts)) }));
    return documentOf({ ...saved, segments }, take.duration, 1 / take.fps);
  }

  /** What is saved of a take: the transcript as corrected, with the model's own version. */
  correction(number, version) {
    const take = this.takes[number];
    const about = { version, person: this.person || "unnamed person", saved: now() };
    const original = plain(transcriptOf(this.originals[number], take.name, take.original));
    original.segments = original.segments.map(({ made, checked, ...segment }) => segment);
    return { ...plain(this.transcript(number)), correction: { ...about, original } };
  }

  /** The transcript of a take as corrected, with what the package worded. */
  transcript(number) {
    const take = this.takes[number];
    return transcriptOf(this.document(number), take.name, take.original);
  }

  document(number = this.take) {
    return this.history.present[number];
  }

  get segment() {
    return this.id === null ? undefined : segmentOf(this.document(), this.id);
  }

  stamp() {
    return { by: this.person || "unnamed person", when: now() };
  }

  listen(listener) {
    this.listeners.push(listener);
  }

  tell() {
    this.listeners.forEach((listener) => listener());
  }

  /** Make a correction of the selected take: `edit(document, stamp)` gives the new document. */
  change(name, edit, key = null) {
    const before = this.document();
    const after = edit(before, this.stamp());
    const all = this.history.present.map((each, number) => (number === this.take ? after : each));
    if (after === before || !this.history.take(all, name, key)) return this.say(`nothing to ${name} here`);
    if (key === null) this.say(name);
    return this.show();
  }

  /** Make a correction of the selected segment. */
  changeSegment(name, edit, key = null) {
    if (!this.segment) return this.say("select a segment first");
    return this.change(name, (doc, stamp) => edit(doc, this.id, stamp), key);
  }

  /** Show the present documents, and save those that changed. */
  show() {
    this.history.present.forEach((doc, number) => {
      if (doc === this.shown[number]) return;
      const known = this.shown[number] !== null;
      this.shown[number] = doc;
      this.preview(doc, number);
      if (known && this.ready) this.keepers[number].save();
    });
    if (this.id !== null && !this.segment) this.id = null;
    this.tell();
  }

  /** Draw a document without taking it, as while something is dragged. */
  preview(doc, number = this.take, whole = true) {
    const take = this.takes[number];
    this.player.showTranscript(number, { ...take.original, segments: doc.segments }, whole);
  }

  select(number, id) {
    this.player.active = number;
    this.id = id;
    this.history.pause();
    this.tell();
  }

  /** The segment at the time, or the one selected there. */
  selectAtTime() {
    const found = segmentAt({ segments: this.document().segments }, this.clock.time);
    if (found && !(this.segment && this.covers(this.segment))) this.select(this.take, found.id);
  }

  covers({ start, end }) {
    return start <= this.clock.time && this.clock.time < end;
  }

  /** Select the next or previous segment and go to its start. */
  step(direction) {
    const ordered = [...this.document().segments].sort((a, b) => a.start - b.start);
    const { time } = this.clock;
    const at = ordered.findIndex(({ id }) => id === this.id);
    const found =
      at >= 0
        ? ordered[at + direction]
        : direction > 0
          ? ordered.find(({ start }) => start > time)
          : ordered.reverse().find(({ start }) => start < time);
    if (found) this.goTo(this.take, found);
  }

  goTo(number, segment) {
    this.select(number, segment.id);
    this.clock.seek(segment.start);
  }

  /** The next segment in all takes for which something holds, after the selected one; null without one. */
  find(holds) {
    const all = this.history.present.flatMap((doc, number) => doc.segments.map((segment) => ({ number, segment })));
    const at = all.findIndex(({ number, segment }) => number === this.take && segment.id === this.id);
    return [...all.slice(at + 1), ...all.slice(0, at + 1)].find(({ segment }) => holds(segment)) || null;
  }

  nextUnsure() {
    const found = this.find(isUnsure);
    if (found) this.goTo(found.number, found.segment);
    else this.say(`no uncertain segment is left${this.about.next ? " here; N goes to the next recording" : ""}`);
  }

  /** Go to the next segment with these letters in its words or action. */
  search(text) {
    const wanted = text.trim().toLowerCase();
    const holds = ({ label, words }) => [label || "", ...words.map(({ word }) => word)].join(" ").toLowerCase().includes(wanted);
    const found = wanted ? this.find(holds) : null;
    if (found) this.goTo(found.number, found.segment);
    else if (wanted) this.say(`“${text.trim()}” not found${this.about.list ? " here; the list searches all recordings" : ""}`);
  }

  split() {
    this.selectAtTime();
    this.changeSegment("split", (doc, id, stamp) => split(doc, id, this.clock.time, stamp));
  }

  merge() {
    this.changeSegment("merge", (doc, id, stamp) => merge(doc, id, stamp));
  }

  remove() {
    const next = this.segment && nextOf(this.document(), this.id);
    this.changeSegment("delete", (doc, id) => remove(doc, id));
    if (next) this.select(this.take, next.id);
  }

  /** A new segment over the selection. */
  add() {
    const { loop } = this.clock;
    if (!loop) return this.say("select a stretch of time first: drag with Shift, or press I and O");
    const id = freshId(this.document());
    this.change("new segment", (doc, stamp) => addSegment(doc, loop.start, loop.end, null, stamp));
    return this.select(this.take, id);
  }

  bound(edge, time) {
    this.changeSegment(`move ${edge}`, (doc, id, stamp) => moveBoundary(doc, id, edge, time, stamp));
  }

  /** Move a bound to the playhead, unless that is beyond the other bound. */
  boundHere(edge) {
    const { segment } = this;
    const time = toFrame(this.document(), this.clock.time);
    const beyond = segment && (edge === "start" ? time >= segment.end : time <= segment.start);
    if (beyond) this.say(`the segment cannot ${edge} here`);
    else this.bound(edge, time);
  }

  /** Move a bound to the likely boundary nearest to the playhead. */
  boundAtLikely(edge) {
    this.bound(edge, nearest(this.likely[this.take], this.clock.time));
  }

  setLabel(text) {
    this.changeSegment("action", (doc, id, stamp) => setLabel(doc, id, text, stamp), `label ${this.take} ${this.id}`);
  }

  setText(text) {
    this.changeSegment("words", (doc, id, stamp) => setText(doc, id, text, stamp), `words ${this.take} ${this.id}`);
  }

  accept() {
    this.changeSegment("accept", (doc, id, stamp) => accept(doc, id, stamp));
  }

  /** Back to the model's own version; this can also be undone. */
  restore() {
    this.change("restore", () => this.originals[this.take]);
  }

  undo() {
    this.tellDone(this.history.undo(), "undone");
  }

  redo() {
    this.tellDone(this.history.redo(), "redone");
  }

  tellDone(name, what) {
    if (name === null) return this.say(`nothing to be ${what}`);
    this.show();
    return this.say(`${name}: ${what}`);
  }

  /** Begin a selection at the playhead, or end it there. */
  markStart() {
    this.mark = toFrame(this.document(), this.clock.time);
    this.say(`selection from ${this.mark.toFixed(2)} s; press O at its end`);
  }

  markEnd() {
    const end = toFrame(this.document(), this.clock.time);
    const start = this.mark ?? (this.clock.loop ? this.clock.loop.start : 0);
    if (end > start) this.clock.setLoop({ start, end });
    this.mark = null;
    this.tell();
  }

  setPerson(name) {
    this.person = name.trim();
    remember("person", this.person);
  }

  /** Show the other's version of a conflict, or keep this one. */
  settle(number, keepsMine) {
    const other = this.keepers[number].settle(keepsMine);
    if (keepsMine) return this.tell();
    const doc = this.documentFrom(other, number);
    const all = this.history.present.map((each, at) => (at === number ? doc : each));
    this.history.take(all, "other version");
    this.shown[number] = doc;
    this.preview(doc, number);
    return this.tell();
  }

  toggle() {
    this.on = !this.on;
    if (this.on) this.selectAtTime();
    this.say(this.on ? "corrections on" : "corrections off");
    this.player.update();
    this.tell();
  }

  say(text) {
    document.getElementById("announcement").textContent = text;
  }
}

const now = () => new Date().toISOString();

/** A setting that the browser remembers, "" where it keeps none. */
function remembered(name) {
  try {
    return localStorage.getItem(`motion2language:${name}`) || "";
  } catch {
    return "";
  }
}

function remember(name, value) {
  try {
    localStorage.setItem(`motion2language:${name}`, value);
  } catch {
    // a page in a frame of its own has no storage; the name stays for as long as the page is open
  }
}

// Where corrections are kept: by the server that wrote the page, by the page around it, or by the browser.
// A saved correction is a transcript with `correction` {version, person, saved, original}; a store takes it only as
// the successor of the version that it has, so that two tabs never overwrite each other.
"use strict";

const PREFIX = "motion2language:";
const RETRY = 2000; // milliseconds until the next attempt to save
const ANSWER = 10_000; // milliseconds that the page around this one has for an answer

const versionOf = (saved) => (saved ? saved.correction.version : 0);

/** The browser's own storage, by the recording and what the model wrote of it. */
class BrowserStore {
  async read(key) {
    return JSON.parse(localStorage.getItem(PREFIX + key));
  }

  /** Null, or the stored correction when that is another version than expected. */
  async write(key, saved) {
    const stored = await this.read(key);
    if (versionOf(stored) !== saved.correction.version - 1) return stored;
    localStorage.setItem(PREFIX + key, JSON.stringify(saved));
    return null;
  }
}

/** A server that keeps files. */
class ServerStore {
  constructor(address) {
    this.address = address;
  }

  async read() {
    const answer = await fetch(this.address, { cache: "no-store" });
    if (!answer.ok) throw new Error(`the server answered with status ${answer.status}`);
    return answer.json();
  }

  async write(_, saved) {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(this.address, { method: "PUT", headers, body: JSON.stringify(saved) });
    if (answer.status === 409) return answer.json();
    if (answer.ok) return null;
    throw new Error((await answer.json().catch(() => ({}))).error || `the server answered with status ${answer.status}`);
  }
}

/** The page around this one, as in the web app. */
class FrameStore {
  ask(message) {
    const id = crypto.getRandomValues(new Uint32Array(2)).join("-");
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("the page around this one keeps nothing")), ANSWER);
      const listen = ({ source, data }) => {
        if (source !== window.parent || !data || data.answers !== id) return;
        clearTimeout(timer);
        window.removeEventListener("message", listen);
        resolve(data.value);
      };
      window.addEventListener("message", listen);
      window.parent.postMessage({ kind: "correction", id, ...message }, "*");
    });
  }

  read(key) {
    return this.ask({ key });
  }

  write(key, saved) {
    return this.ask({ key, saved });
  }
}

function makeStore(address) {
  if (address) return new ServerStore(address);
  return window.parent === window ? new BrowserStore() : new FrameStore();
}

/** Keeps the corrections of one take: writes one after the other, tries again, and stops at another's version. */
class Keeper {
  /** `make(version)` gives the correction as it is now; `tell(keeper)` is called at every change of `state`. */
  constructor(take, address, make, tell) {
    const { segments } = take.original;
    this.key = `${take.name}:${take.duration}:${hashOf(JSON.stringify(segments))}`;
    Object.assign(this, { store: makeStore(address), make, tell, version: 0, state: "unchanged", reason: "" });
    this.remote = Boolean(address);
    this.attempts = []; // what was sent and has no answer yet, or lost it: the store may have it
    window.addEventListener("storage", (event) => this.notice(event));
  }

  /** The correction that was saved before, or null. A draft that no server has got is taken, and saved. */
  async open() {
    const saved = await this.store.read(this.key).catch((error) => this.show("failed", error.message));
    this.version = versionOf(saved);
    const draft = this.remote && JSON.parse(localStorage.getItem(`${PREFIX}draft:${this.key}`));
    if (draft && this.follows(draft.correction, saved)) {
      draft.correction.version = this.version + 1;
      return draft;
    }
    if (saved) this.show("saved");
    return saved || null;
  }

  /** Whether a draft was made of what is saved, or of an attempt to save that the store got although no answer came. */
  follows({ version, attempts = [] }, saved) {
    return version === this.version + 1 || Boolean(saved && attempts.includes(nameOf(saved)));
  }

  /** Save what there is now, soon; calls in a row are written once. */
  save() {
    if (this.remote) this.keepDraft();
    this.wanted = true;
    if (this.state === "conflict") return;
    if (!this.writing) this.write();
  }

  /** Keep in the browser what the server has not got yet. */
  keepDraft() {
    try {
      const draft = this.make(this.version + 1);
      Object.assign(draft.correction, { attempts: this.attempts });
      localStorage.setItem(`${PREFIX}draft:${this.key}`, JSON.stringify(draft));
    } catch {
      // a browser without room for it; the server gets the correction in a moment
    }
  }

  async write() {
    this.writing = true;
    clearTimeout(this.timer);
    while (this.wanted && this.state !== "conflict") {
      this.wanted = false;
      this.show("saving");
      try {
        const sent = this.make(this.version + 1);
        if (!this.attempts.includes(nameOf(sent))) this.attempts.push(nameOf(sent));
        const other = await this.store.write(this.key, sent);
        if (other && !this.attempts.includes(nameOf(other))) this.meet(other);
        else this.done(other || sent, sent);
      } catch (error) {
        this.wanted = true;
        this.show("failed", error.message);
        this.timer = setTimeout(() => this.write(), RETRY);
        break;
      }
    }
    this.writing = false;
  }

  /** The store has `stored`: what was sent, or an earlier attempt whose answer was lost, which is then followed. */
  done(stored, sent) {
    this.version = versionOf(stored);
    this.attempts = [];
    this.wanted ||= nameOf(stored) !== nameOf(sent);
    if (this.remote && this.wanted) this.keepDraft();
    else if (this.remote) localStorage.removeItem(`${PREFIX}draft:${this.key}`);
    this.show("saved");
  }

  /** Another tab or person has saved a version that this page does not know. */
  meet(other) {
    this.other = other;
    this.show("conflict");
  }

  /** Take the other's version, which the caller shows, or keep this one over it. */
  settle(keepsMine) {
    const { other } = this;
    this.version = versionOf(other);
    this.other = null;
    this.show("saved");
    if (keepsMine) this.save();
    return other;
  }

  notice({ key, newValue }) {
    if (this.remote || key !== PREFIX + this.key || newValue === null) return;
    const other = JSON.parse(newValue);
    if (versionOf(other) > this.version) this.meet(other);
  }

  show(state, reason = "") {
    Object.assign(this, { state, reason });
    this.tell(this);
  }
}

/** A short name of a correction, to know again what was sent, as when the answer to an attempt was lost. */
function nameOf({ segments, correction: { version, person } }) {
  return hashOf(JSON.stringify([segments, version, person]));
}

/** A short name of a text. */
function hashOf(text) {
  let hash = 5381;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 33) ^ text.charCodeAt(at)) >>> 0;
  return hash.toString(36);
}

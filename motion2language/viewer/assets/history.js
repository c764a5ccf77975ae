// Undo and redo without limit: the values before and after the present one.
"use strict";

class History {
  constructor(present) {
    this.past = [];
    this.present = present;
    this.future = [];
    this.key = null;
  }

  /** Take a new value. Changes in a row with the same key, such as typed letters, are undone together. */
  take(value, name, key = null) {
    if (value === this.present) return false;
    if (key === null || key !== this.key) this.past.push({ value: this.present, name });
    this.present = value;
    this.future = [];
    this.key = key;
    return true;
  }

  /** End a row of changes with the same key. */
  pause() {
    this.key = null;
  }

  /** Go back; the name of what was undone, or null when there is nothing. */
  undo() {
    return this.go(this.past, this.future);
  }

  redo() {
    return this.go(this.future, this.past);
  }

  go(from, to) {
    if (!from.length) return null;
    const { value, name } = from.pop();
    to.push({ value: this.present, name });
    this.present = value;
    this.key = null;
    return name;
  }
}

// The clock of the page: time, speed, playing, and the interval that is looped. Everything that draws listens to it.
"use strict";

const SPEEDS = [0.1, 0.25, 0.5, 1, 1.5, 2, 4];
const LONGEST_STEP = 0.25; // seconds between two frames that count as played, so that a background tab does not jump

class Clock {
  constructor(duration, fps) {
    this.duration = duration;
    this.frame = 1 / fps;
    this.time = 0;
    this.speed = 1;
    this.playing = false;
    this.loop = null; // {start, end, label}
    this.listeners = [];
  }

  /** Call `listener(clock)` after every change and once now. */
  listen(listener) {
    this.listeners.push(listener);
    listener(this);
  }

  seek(time) {
    this.time = Math.min(Math.max(time, 0), this.duration);
    if (this.loop && (this.time < this.loop.start || this.time >= this.loop.end)) this.loop = null;
    this.notify();
  }

  step(frames) {
    this.playing = false;
    const at = this.time / this.frame;
    this.seek((frames > 0 ? Math.floor(at + frames + 1e-3) : Math.ceil(at + frames - 1e-3)) * this.frame);
  }

  toggle() {
    this.playing = !this.playing;
    cancelAnimationFrame(this.next);
    if (!this.playing) return this.notify();
    if (this.time >= this.duration) this.time = 0;
    this.last = performance.now();
    this.next = requestAnimationFrame((now) => this.advance(now));
    return this.notify();
  }

  setSpeed(speed) {
    this.speed = speed;
    this.notify();
  }

  /** Take the next faster or slower of SPEEDS. */
  changeSpeed(by) {
    const next = SPEEDS.indexOf(this.speed) + by;
    this.setSpeed(SPEEDS[Math.min(Math.max(next, 0), SPEEDS.length - 1)]);
  }

  /** Repeat this interval, from its start if the time is outside; null stops looping. */
  setLoop(loop) {
    this.loop = loop;
    if (loop && (this.time < loop.start || this.time >= loop.end)) this.time = loop.start;
    this.notify();
  }

  advance(now) {
    if (!this.playing) return;
    this.time += Math.min(Math.max(now - this.last, 0) / 1000, LONGEST_STEP) * this.speed;
    this.last = now;
    if (this.loop && this.time >= this.loop.end) this.time = this.loop.start;
    if (this.time >= this.duration) {
      this.time = this.duration;
      this.playing = false;
    }
    this.notify();
    this.next = requestAnimationFrame((next) => this.advance(next));
  }

  notify() {
    for (const listener of this.listeners) listener(this);
  }
}

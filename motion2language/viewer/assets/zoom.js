// Zoom and pan of the timelines: Ctrl with the wheel, the wheel over the seconds, and keys. All timelines zoom together.
"use strict";

const ZOOM_STEP = 1.4;
const MOST_ZOOM = 64;
const PAN_STEP = 0.4; // share of the visible part

class Zoom {
  constructor() {
    this.factor = 1;
    this.timelines = [];
  }

  /** Let a timeline, {scroller, inner}, zoom and pan. */
  add(timeline) {
    this.timelines.push(timeline);
    timeline.scroller.addEventListener("wheel", (event) => this.wheel(event, timeline), { passive: false });
  }

  wheel(event, { scroller }) {
    if (!event.ctrlKey && !event.target.closest(".axis")) return;
    event.preventDefault();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) scroller.scrollLeft += event.deltaX;
    else this.by(event.deltaY < 0 ? ZOOM_STEP : 1 / ZOOM_STEP, event.clientX);
  }

  /** Zoom by a factor; what is under `x`, pixels of the window, stays there; without it what is at `share` of all. */
  by(factor, x = null, share = 0.5) {
    const wanted = Math.min(Math.max(this.factor * factor, 1 / MOST_ZOOM), MOST_ZOOM);
    for (const { scroller, inner } of this.timelines) {
      const box = inner.getBoundingClientRect();
      const at = x === null ? share : (x - box.left) / box.width;
      const offset = x === null ? scroller.clientWidth / 2 : x - scroller.getBoundingClientRect().left;
      inner.style.setProperty("--zoom", wanted);
      scroller.scrollLeft = at * inner.getBoundingClientRect().width - offset;
    }
    this.factor = wanted;
  }

  pan(direction) {
    for (const { scroller } of this.timelines) scroller.scrollLeft += direction * PAN_STEP * scroller.clientWidth;
  }
}

// The timeline of a take: seconds, segments, words with their windows, and joint speed.
"use strict";

const SECOND = 36; // minimum width of a second in pixels; longer timelines scroll
const MARK = 44; // minimum width in pixels for the text of a mark, such as 0:03.4
const LANE = 24; // height of a row of words
// Words that say little by themselves, drawn smaller. Chosen.
const MINOR = new Set("a an the and then to of is are his her its their with in on at from by person".split(" "));

/** {root, scroller, inner, row, redraw(), update()}; several takes share the width of the longest, `clock.duration`,
 * and then show their names. `row` holds the segments of the transcript, which redraw() draws again. */
function makeTimeline(take, clock, named) {
  const inner = element("div", { class: "inner", "--least": `${Math.ceil(clock.duration * SECOND)}px` });
  const size = { width: 0 }; // of the inner part, pixels; measured once, since asking makes the page lay itself out
  const left = (time) => `${(100 * Math.min(time, clock.duration)) / clock.duration}%`;
  const axis = addAxis(inner, clock, left);
  const [own, ...others] = addTranscripts(inner, take, clock, left, size);
  addSpeed(inner, take, left);
  const loop = element("div", { class: "looped", "aria-hidden": "true" });
  inner.append(loop, element("div", { class: "playhead", "aria-hidden": "true" }));
  const root = element("section", { class: "timeline", "aria-label": `Timeline of ${take.name}` });
  if (named) root.append(element("h2", {}, element("bdi", {}, take.name)));
  const scroller = element("div", { class: "scroller" }, inner);
  root.append(scroller);
  scrubOn(inner, clock);
  if (take.weights) root.append(makeHeat(take, clock));
  const timeline = { root, scroller, inner, row: own.row, decorate: () => undefined };
  timeline.redraw = () => {
    own.redraw();
    timeline.decorate();
  };
  const lines = root.querySelectorAll(".playhead");
  const sights = [...root.querySelectorAll(".scroller")].map(watchSight);
  timeline.update = () => {
    for (const line of lines) line.style.left = left(clock.time);
    showLoop(loop, clock, left);
    for (const button of inner.querySelectorAll(".segment")) {
      setClass(button, "now", button.segment.start <= clock.time && clock.time < button.segment.end);
    }
    sights.forEach((sight) => keepInSight(sight, clock.time / clock.duration, clock.playing ? 0.85 : 1));
  };
  redrawOnResize(inner, size, [() => axis(size.width), timeline.redraw, ...others.map(({ redraw }) => redraw)]);
  return timeline;
}

/** Add the axis; returns a function that draws it for a width in pixels. */
function addAxis(inner, clock, left) {
  const axis = element("div", { class: "axis", "aria-hidden": "true" });
  inner.append(axis);
  return (width) => drawAxis(axis, width, clock.duration, left);
}

/** Add segments and words of the transcript and of the reference, if any; returns {row, redraw()} of each. */
function addTranscripts(inner, take, clock, left, size) {
  const predicted = () => [take.transcript, take.words];
  const reference = () => [take.reference, take.referenceWords];
  return [
    [predicted, take.reference ? "Predicted segments and words" : "Segments and words"],
    ...(take.reference ? [[reference, "Reference segments and words"]] : []),
  ].map(([shown, title]) => {
    const row = element("div", { class: "segments", role: "group", "aria-label": title });
    const words = element("div", { class: "words", "aria-hidden": "true" });
    const cycles = makeCycles(left);
    inner.append(element("div", { class: "row-title" }, title), row, cycles.root, words);
    const redraw = () => {
      fillSegments(row, shown()[0], clock, left);
      cycles.fill(shown()[0]);
      drawWords(words, shown()[1], size.width, clock, left);
    };
    fillSegments(row, shown()[0], clock, left);
    cycles.fill(shown()[0]);
    return { row, redraw };
  });
}

function addSpeed(inner, take, left) {
  const top = usualTop(take.speed);
  const title = element("div", { class: "row-title" }, `Joint speed, 0 to ${top.toFixed(1)} m/s`);
  inner.append(title, makeSpeed(take, top, left));
}

/** Measure the width and redraw, soon and whenever it changes. */
function redrawOnResize(inner, size, redraws) {
  const measure = () => {
    if (inner.clientWidth === size.width) return;
    size.width = inner.clientWidth;
    redraws.forEach((redraw) => redraw());
  };
  new ResizeObserver(measure).observe(inner);
  requestAnimationFrame(measure);
}

function showLoop(loop, clock, left) {
  loop.hidden = !clock.loop;
  if (!clock.loop) return;
  Object.assign(loop.style, { left: left(clock.loop.start), right: `calc(100% - ${left(clock.loop.end)})` });
}

function drawAxis(axis, width, duration, left) {
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600];
  const step = steps.find((seconds) => (seconds * width) / duration >= 48) || 1800;
  const marks = [];
  for (let time = 0; (duration - time) * width >= MARK * duration; time += step) {
    const text = clockText(time, step < 1 ? 1 : 0);
    marks.push(element("span", { class: "mark", "--left": left(time) }, text));
  }
  axis.replaceChildren(...marks);
}

// What was drawn of segments and words, and how wide words are: drawn again, most of them are the same.
const segmentButtons = new WeakMap();
const wordMarks = new WeakMap();
const textWidths = new Map();
const pens = new WeakMap(); // that measure the words of a row

/** One button per segment, in as few rows as overlaps allow. */
function fillSegments(row, transcript, clock, left) {
  const ends = [];
  const buttons = [...transcript.segments]
    .sort((a, b) => a.start - b.start)
    .map((segment) => {
      const free = ends.findIndex((end) => end <= segment.start + 1e-6);
      const lane = free < 0 ? ends.length : free;
      ends[lane] = segment.end;
      const button = cached(segmentButtons, segment, () => makeSegment(segment, clock, left));
      setLane([button], lane);
      return button;
    });
  setChildren(row, buttons);
  row.style.setProperty("--lanes", Math.max(ends.length, 1));
}

function setLane(nodes, lane) {
  for (const node of nodes) {
    if (node.lane !== lane) node.style.setProperty("--lane", lane);
    node.lane = lane;
  }
}

function makeSegment(segment, clock, left) {
  const times = `${segment.start.toFixed(1)} to ${segment.end.toFixed(1)} seconds`;
  const unknown = segment.known === false;
  const doubt = unknown ? "" : doubtOf(segment);
  const label = [segment.label ?? "no action", doubt].filter(Boolean).join(" ");
  const [name, text] = [unknown ? "unknown" : label, captionOf(segment)];
  const button = element("button", {
    type: "button",
    class: "segment",
    title: `${name}, ${times}: ${text}`,
    "aria-label": `${name}, ${times}: ${text}`,
    "--colour": colourOf(segment.colour),
    "--left": left(segment.start),
    "--width": `calc(${left(segment.end)} - ${left(segment.start)})`,
    ".segment": segment,
  });
  const named = unknown || segment.label !== null || doubt;
  const shown = element("span", { dir: "auto" }, named ? name : text);
  if (named && text) shown.dataset.text = text.replace(/^unknown action: /, "");
  button.append(shown);
  button.addEventListener("click", () => clock.seek(segment.start));
  return button;
}

/** A mark at each word's time, its window as a bar, its text beside it; in as few rows as overlaps allow. */
function drawWords(row, words, width, clock, left) {
  if (!width) return; // not laid out yet
  const x = (time) => (width * Math.min(time, clock.duration)) / clock.duration;
  const ends = [];
  const sayable = words.filter((word) => word.segment?.known !== false); // an unknown action's words are guesses
  const marks = sayable.map((word) => {
    const text = cached(textWidths, word.word, () => widthOf(word.word, row)) + 10;
    const backward = x(word.time) + text > width && x(word.time) - text > 0;
    const from = Math.min(x(word.start), backward ? x(word.time) - text : x(word.time));
    const to = Math.max(x(word.end), backward ? x(word.time) : x(word.time) + text);
    const free = ends.findIndex((end) => end <= from);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = to + 2;
    const mark = cached(wordMarks, word, () => makeWord(word, clock, left));
    setClass(mark[1], "backward", backward);
    setLane(mark, lane);
    return mark;
  });
  row.style.height = `${Math.max(ends.length, 1) * LANE}px`;
  setChildren(row, marks.flat());
}

/** The width of a word's text in a row, pixels. */
function widthOf(text, row) {
  return cached(pens, row, () => penOf(row)).measureText(text).width;
}

function penOf(row) {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `500 12px ${getComputedStyle(row).fontFamily}`;
  return pen;
}

/** [bar, chip] of a word. */
function makeWord(word, clock, left) {
  const chip = element(
    "span",
    { class: MINOR.has(word.word) ? "chip minor" : "chip", "--left": left(word.time), dir: "auto", ".word": word },
    word.word,
  );
  chip.number = word.segment.words.indexOf(word.own);
  chip.addEventListener("click", () => clock.seek(word.time));
  chip.addEventListener("pointerdown", (event) => event.stopPropagation());
  const bar = element("span", {
    class: "window",
    "--left": left(word.start),
    "--width": `calc(${left(word.end)} - ${left(word.start)})`,
  });
  for (const part of [chip, bar]) part.style.setProperty("--colour", colourOf(word.segment.colour));
  return [bar, chip];
}

/** The 98th percentile of the speeds and some margin: a leap in the recording must not flatten the rest. */
function usualTop(speeds) {
  const sorted = [...speeds].sort((a, b) => a - b);
  return Math.max(Math.min(1.15 * sorted[Math.floor(0.98 * (sorted.length - 1))], sorted[sorted.length - 1]), 0.1);
}

function makeSpeed(take, top, left) {
  const last = Math.max(take.speed.length - 1, 1);
  const points = take.speed.map((speed, at) => `${((100 * at) / last).toFixed(2)},${(30 - (28 * Math.min(speed, top)) / top).toFixed(2)}`);
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const line = document.createElementNS(space, "polygon");
  line.setAttribute("points", `0,30 ${points.join(" ")} 100,30`);
  svg.setAttribute("viewBox", "0 0 100 30");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `Mean speed of the joints over time, up to ${top.toFixed(1)} metres per second`);
  svg.append(line);
  return element("div", { class: "speed", "--width": left(take.duration) }, svg);
}

/** Pressing and dragging on empty areas sets the time. */
function scrubOn(inner, clock) {
  const seek = (event) => {
    const box = inner.getBoundingClientRect();
    clock.seek(((event.clientX - box.left) / box.width) * clock.duration);
  };
  inner.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest("button")) return;
    seek(event);
    if (event.pointerType === "mouse") inner.setPointerCapture(event.pointerId);
  });
  inner.addEventListener("pointermove", (event) => {
    if (inner.hasPointerCapture(event.pointerId)) seek(event);
  });
}

/** What is visible of a scroller: {scroller, width, room, left} in pixels, kept true without asking at each frame. */
function watchSight(scroller) {
  const sight = { scroller, width: 0, room: 0, left: 0 };
  const measure = () => Object.assign(sight, { width: scroller.scrollWidth, room: scroller.clientWidth, left: scroller.scrollLeft });
  const observer = new ResizeObserver(measure);
  for (const node of [scroller, scroller.firstElementChild]) observer.observe(node);
  scroller.addEventListener("scroll", measure);
  return sight;
}

/** Scroll a long timeline when the time passes the share `until` of its visible part. */
function keepInSight(sight, share, until) {
  const { scroller, width, room, left } = sight;
  const at = share * width;
  if (width <= room || (at >= left && at <= left + until * room)) return;
  scroller.scrollLeft = at - 0.15 * room;
  sight.left = scroller.scrollLeft;
}

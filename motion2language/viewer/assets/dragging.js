// Corrections on a timeline: bounds and words are dragged, a stretch of time is selected, and handles take keys.
"use strict";

const GRIP = 7; // pixels on each side of a bound that can be dragged; chosen
const LEAP = 10; // frames that a key with Shift moves; chosen

/** Let the editor change take `number` on its timeline {inner}; returns decorate(), to call after each drawing. */
function makeEditable(editor, number, { inner, row }) {
  let drag = null;
  const timeAt = (event) => {
    const box = inner.getBoundingClientRect();
    return between(0, ((event.clientX - box.left) / box.width) * editor.clock.duration, editor.takes[number].duration);
  };
  inner.addEventListener(
    "pointerdown",
    (event) => {
      if (!editor.on || event.button !== 0) return;
      drag = beginDrag(editor, number, event, timeAt(event));
      if (!drag) return;
      event.preventDefault();
      event.stopPropagation();
      inner.setPointerCapture(event.pointerId);
    },
    true,
  );
  inner.addEventListener("pointermove", (event) => {
    if (!drag) return hover(editor, inner, event);
    drag.event = { time: timeAt(event), likely: event.shiftKey };
    if (!drag.asked) drag.asked = requestAnimationFrame(() => moveDrag(editor, number, drag));
    return undefined;
  });
  const end = (event) => {
    if (!drag) return;
    cancelAnimationFrame(drag.asked);
    const [done, cancelled] = [drag, event.type === "pointercancel"];
    drag = null;
    row.handled = null; // the handle went along
    if (cancelled) editor.preview(editor.document(number), number);
    else endDrag(editor, number, done, { time: timeAt(event), likely: event.shiftKey });
  };
  inner.addEventListener("pointerup", end);
  inner.addEventListener("pointercancel", end);
  return () => decorate(editor, number, inner, row);
}

/** What pressing at a time of a timeline drags: a bound, a word or a selection; null for none. */
function beginDrag(editor, number, event, time) {
  const from = { x: event.clientX, time };
  const chip = event.target.closest(".chip");
  if (chip && chip.word && chip.word.segment.id !== undefined) {
    const { id } = chip.word.segment;
    editor.select(number, id);
    return { ...from, kind: "word", id, word: chip.number, offset: chip.word.time - time };
  }
  const button = event.target.closest(".segment");
  if (button && button.segment.id !== undefined) {
    const edge = edgeAt(button, event.clientX);
    editor.select(number, button.segment.id);
    return edge && { ...from, kind: "bound", id: button.segment.id, edge, offset: button.segment[edge] - time };
  }
  return event.shiftKey ? { ...from, kind: "selection" } : null;
}

/** "start" or "end" where a pointer is near it, else null. */
function edgeAt(button, x) {
  const { left, right } = button.getBoundingClientRect();
  const grip = Math.min(GRIP, (right - left) / 3);
  if (x - left <= grip) return "start";
  return right - x <= grip ? "end" : null;
}

function hover(editor, inner, event) {
  const button = editor.on && event.target.closest ? event.target.closest(".segment") : null;
  if (button && button.segment.id !== undefined) button.style.cursor = edgeAt(button, event.clientX) ? "ew-resize" : "";
}

/** The document with the dragged thing at a time. */
function dragged(editor, number, drag, { time, likely }) {
  const wanted = time + (drag.offset || 0);
  const at = likely && drag.kind === "bound" ? nearest(editor.likely[number], wanted) : wanted;
  const doc = editor.document(number);
  if (drag.kind === "word") return moveWord(doc, drag.id, drag.word, at, editor.stamp());
  return moveBoundary(doc, drag.id, drag.edge, at, editor.stamp());
}

function moveDrag(editor, number, drag) {
  drag.asked = 0;
  if (drag.kind === "selection") selectTime(editor, number, drag.time, drag.event.time);
  else showDragged(editor, number, drag, dragged(editor, number, drag, drag.event));
}

/** Show a document in the middle of a drag; the handle of a dragged bound goes along. */
function showDragged(editor, number, drag, doc) {
  editor.preview(doc, number, false);
  if (drag.kind !== "bound") return;
  const time = segmentOf(doc, drag.id)[drag.edge];
  document.querySelector(`.handle.${drag.edge}`)?.style.setProperty("--left", `${(100 * time) / editor.clock.duration}%`);
}

function endDrag(editor, number, drag, event) {
  if (drag.kind === "selection") {
    selectTime(editor, number, drag.time, event.time);
  } else if (drag.event) {
    editor.change(drag.kind === "word" ? "move word" : `move ${drag.edge}`, () => dragged(editor, number, drag, event));
    editor.preview(editor.document(number), number);
  } else if (drag.kind === "word") {
    editor.clock.seek(segmentOf(editor.document(number), drag.id).words[drag.word].time);
  }
}

function selectTime(editor, number, from, to) {
  const doc = editor.document(number);
  const [start, end] = [toFrame(doc, Math.min(from, to)), toFrame(doc, Math.max(from, to))];
  if (end > start) editor.clock.setLoop({ start, end });
  editor.tell();
}

/** Show what is selected and uncertain, the likely boundaries, and the handles of the selected segment. */
function decorate(editor, number, inner, row) {
  const selected = editor.on && editor.take === number ? editor.id : null;
  setClass(inner.closest(".timeline"), "active", editor.takes.length > 1 && editor.take === number);
  for (const button of row.querySelectorAll(".segment")) {
    if (setClass(button, "selected", button.segment.id === selected)) {
      button.ariaCurrent = button.segment.id === selected ? "true" : null;
    }
    setClass(button, "unsure", isUnsure(button.segment));
    setClass(button, "checked", Boolean(button.segment.checked));
  }
  const left = (time) => `${(100 * time) / editor.clock.duration}%`;
  showLikely(inner.querySelector(".axis"), editor.on ? editor.likely[number] : [], left);
  const segment = selected === null ? null : segmentOf(editor.document(number), selected) || null;
  if (row.handled !== segment) showHandles(editor, row, segment, left);
}

/** The handles of a segment, null for none; the one with the focus keeps it. */
function showHandles(editor, row, segment, left) {
  const focused = editor.refocus || (row.contains(document.activeElement) && document.activeElement.dataset.handle);
  row.querySelectorAll(".handle").forEach((handle) => handle.remove());
  row.handled = segment;
  if (!segment) return;
  row.append(...["start", "end"].map((edge) => boundHandle(editor, segment, edge, left)));
  row.append(...segment.words.map((word, at) => wordHandle(editor, segment, word, at, left)));
  if (focused) row.querySelector(`[data-handle="${focused}"]`)?.focus();
}

/** Marks at the likely boundaries, unless they are there already. */
function showLikely(axis, times, left) {
  const shown = axis.querySelectorAll(".likely");
  if (shown.length === times.length) return;
  shown.forEach((tick) => tick.remove());
  axis.append(...times.map((time) => element("span", { class: "likely", "--left": left(time) })));
}

function boundHandle(editor, segment, edge, left) {
  const time = segment[edge];
  const move = (to) => editor.bound(edge, to);
  const name = `${edge === "start" ? "Start" : "End"} of ${segment.label ?? "the segment"}`;
  const handle = makeHandle(editor, name, edge, time, move);
  handle.classList.add(edge);
  handle.style.setProperty("--left", left(time));
  return handle;
}

function wordHandle(editor, segment, word, at, left) {
  const move = (to) =>
    editor.changeSegment("move word", (doc, id, stamp) => moveWord(doc, id, at, to, stamp), `word ${segment.id} ${at}`);
  const handle = makeHandle(editor, `Time of “${word.word}”`, `word-${at}`, word.time, move);
  handle.classList.add("word-handle");
  handle.style.setProperty("--left", left(word.time));
  return handle;
}

/** A slider without a track: the left and right arrows move it by a frame, with Shift by ten; Page Up and Down to
 * likely boundaries. */
function makeHandle(editor, name, key, time, move) {
  const { frame, duration } = editor.document();
  const handle = element("div", { class: "handle", role: "slider", tabindex: 0, "aria-label": name, "data-handle": key });
  handle.setAttribute("aria-valuemin", 0);
  handle.setAttribute("aria-valuemax", duration);
  handle.setAttribute("aria-valuenow", time);
  handle.setAttribute("aria-valuetext", `${time.toFixed(2)} seconds`);
  handle.addEventListener("keydown", (event) => {
    const likely = editor.likely[editor.take];
    const frames = event.shiftKey ? LEAP : 1;
    const targets = {
      ArrowLeft: () => time - frames * frame,
      ArrowRight: () => time + frames * frame,
      PageDown: () => likely.find((each) => each > time + frame) ?? duration,
      PageUp: () => [...likely].reverse().find((each) => each < time - frame) ?? 0,
    };
    if (!targets[event.key] || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    editor.refocus = key; // the handle is drawn again
    move(targets[event.key]());
    editor.refocus = null;
  });
  return handle;
}

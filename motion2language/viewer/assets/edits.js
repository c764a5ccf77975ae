// Corrections as pure functions: each takes a document and returns a new one, or the same one if nothing changes.
// A document is {duration, frame, segments}: seconds; each segment has an id, and `made` and `checked` {by, when}.
"use strict";

const HALF_WINDOW = 0.3; // seconds on each side of a word that a person adds; as the shipped models' windows
const UNSURE = 0.7; // actions less probable than this are marked; chosen
const TOUCHING = 1e-3; // seconds between two segments that share a boundary

// What no longer holds of a segment once its interval changes, and once a person has said what it shows.
const MOVED = { bounded_by: null, facts: null, shown: null };
const JUDGED = { probability: null, confidence: null, known: true };

const seconds = (value) => Math.round(1e4 * value) / 1e4; // as the JSON of a transcript rounds them
const between = (low, value, high) => Math.min(Math.max(value, low), Math.max(low, high));

/** The document of a transcript; `frame` is the recording's, seconds. */
function documentOf(transcript, duration, frame) {
  const segments = transcript.segments.map(({ colour, text, ...segment }, id) => ({
    made: { by: transcript.model, when: null },
    checked: null,
    ...segment,
    id,
  }));
  return { duration: seconds(duration), frame, segments };
}

/** The nearest frame to a time, within the recording. */
function toFrame(doc, time) {
  return seconds(between(0, Math.round(time / doc.frame) * doc.frame, doc.duration));
}

const numberOf = (doc, id) => doc.segments.findIndex((segment) => segment.id === id);
const segmentOf = (doc, id) => doc.segments.find((segment) => segment.id === id);
const freshId = (doc) => 1 + Math.max(-1, ...doc.segments.map((segment) => segment.id));

/** With some segments replaced: `by` is a map from id to a list of segments. */
function replace(doc, by) {
  return { ...doc, segments: doc.segments.flatMap((segment) => by.get(segment.id) || [segment]) };
}

/** Move one segment's "start" or "end"; a neighbour that shares the boundary moves along, no other is covered. */
function moveBoundary(doc, id, edge, time, stamp) {
  const segment = segmentOf(doc, id);
  const [low, high] = roomOf(doc, segment, edge);
  const moved = seconds(between(low, toFrame(doc, time), high));
  if (moved === segment[edge]) return doc;
  const changed = { ...resized(segment, { [edge]: moved }), made: stamp, checked: stamp, [`${edge}_probability`]: null };
  const by = new Map([[id, [{ ...changed, ...MOVED }]]]);
  const other = edge === "start" ? "end" : "start";
  const neighbour = sharing(doc, segment, edge);
  if (neighbour) {
    const along = { ...resized(neighbour, { [other]: moved }), made: stamp, ...MOVED };
    by.set(neighbour.id, [{ ...along, [`${other}_probability`]: null }]);
  }
  return replace(doc, by);
}

/** The segment that ends where this one starts, or the other way round. */
function sharing(doc, segment, edge) {
  const other = edge === "start" ? "end" : "start";
  const near = (each) => each !== segment && Math.abs(each[other] - segment[edge]) < TOUCHING;
  return doc.segments.find(near);
}

/** [earliest, latest] time of a boundary. */
function roomOf(doc, segment, edge) {
  const neighbour = sharing(doc, segment, edge);
  const shortest = doc.frame;
  if (edge === "start") {
    const before = doc.segments.filter((each) => each.end <= segment.start + TOUCHING && each !== neighbour);
    const low = neighbour ? neighbour.start + shortest : Math.max(0, ...before.map((each) => each.end));
    return [low, segment.end - shortest];
  }
  const after = doc.segments.filter((each) => each.start >= segment.end - TOUCHING && each !== neighbour);
  const high = neighbour ? neighbour.end - shortest : Math.min(doc.duration, ...after.map((each) => each.start));
  return [segment.start + shortest, high];
}

/** A segment with other bounds: the words inside stay inside. */
function resized(segment, bounds) {
  const { start, end } = { ...segment, ...bounds };
  const inside = ({ time }) => segment.start <= time && time <= segment.end;
  const words = segment.words.map((word) => (inside(word) ? shifted(word, between(start, word.time, end)) : word));
  return { ...segment, start, end, words };
}

/** A word at another time, its window moved along. */
function shifted(word, time, duration = Infinity) {
  const by = time - word.time;
  if (!by) return word;
  const start = seconds(Math.max(0, word.start + by));
  return { ...word, time: seconds(time), start, end: seconds(Math.min(duration, word.end + by)) };
}

/** Cut a segment in two; each half keeps the action and the words of its time. */
function split(doc, id, time, stamp) {
  const segment = segmentOf(doc, id);
  const at = toFrame(doc, time);
  if (at < segment.start + doc.frame / 2 || at > segment.end - doc.frame / 2) return doc;
  const half = { ...segment, made: stamp, ...MOVED };
  const first = { ...half, end: at, end_probability: null, words: segment.words.filter((word) => word.time < at) };
  const second = { ...half, id: freshId(doc), start: at, start_probability: null };
  second.words = segment.words.filter((word) => word.time >= at);
  return replace(doc, new Map([[id, [first, second]]]));
}

/** The segment that begins next after this one, or undefined. */
function nextOf(doc, id) {
  const segment = segmentOf(doc, id);
  const later = doc.segments.filter((each) => each !== segment && each.start >= segment.start);
  return later.reduce((best, each) => (best && best.start <= each.start ? best : each), undefined);
}

/** Join a segment with the next one; the action is the first's, or else the second's. */
function merge(doc, id, stamp) {
  const [segment, next] = [segmentOf(doc, id), nextOf(doc, id)];
  if (!next) return doc;
  const joined = {
    ...segment,
    start: Math.min(segment.start, next.start),
    end: Math.max(segment.end, next.end),
    label: segment.label ?? next.label,
    words: [...segment.words, ...next.words],
    end_probability: next.end_probability,
    ...MOVED,
    ...JUDGED,
    made: stamp,
    checked: stamp,
  };
  return replace(doc, new Map([[id, [joined]], [next.id, []]]));
}

function remove(doc, id) {
  return replace(doc, new Map([[id, []]]));
}

/** A new segment from start to end; those beneath are shortened, cut in two or, where nothing is left, removed. */
function addSegment(doc, start, end, label, stamp) {
  const [from, to] = [toFrame(doc, Math.min(start, end)), toFrame(doc, Math.max(start, end))];
  if (to - from < doc.frame / 2) return doc;
  const id = freshId(doc);
  const unknown = { start_probability: null, end_probability: null, ...MOVED, ...JUDGED };
  const added = { id, start: from, end: to, label, words: [], ...unknown, made: stamp, checked: stamp };
  const kept = doc.segments.flatMap((segment) => uncovered(segment, from, to, id + 1, stamp));
  const place = kept.findIndex((segment) => segment.start >= to);
  kept.splice(place < 0 ? kept.length : place, 0, added);
  return { ...doc, segments: kept };
}

/** What is left of a segment beside an interval: none, one or two; of two the second gets this id. */
function uncovered(segment, from, to, id, stamp) {
  if (segment.end <= from || segment.start >= to) return [segment];
  const [left, right] = [segment.start < from, segment.end > to];
  const words = segment.words.filter((word) => !left || !right || word.time < to);
  const first = left ? { ...resized({ ...segment, words }, { end: from }), end_probability: null } : null;
  const later = segment.words.filter((word) => !words.includes(word) || !left);
  const second = right ? { ...resized({ ...segment, words: later }, { start: to }), start_probability: null } : null;
  if (left && right) second.id = id;
  return [first, second].filter(Boolean).map((part) => ({ ...part, made: stamp, ...MOVED }));
}

/** Change the action; null for none. */
function setLabel(doc, id, label, stamp) {
  const segment = segmentOf(doc, id);
  const text = label === null ? "" : label.trim().replace(/\s+/g, " ");
  if ((text || null) === segment.label) return doc;
  const changed = { ...segment, label: text || null, ...JUDGED, made: stamp, checked: stamp };
  return replace(doc, new Map([[id, [changed]]]));
}

/** Change the words. Equal words keep their times; others take the times of those they replace, or lie between. */
function setText(doc, id, text, stamp) {
  const segment = segmentOf(doc, id);
  const wanted = text.split(/\s+/).filter(Boolean);
  const before = segment.words;
  if (wanted.join(" ") === before.map(({ word }) => word).join(" ")) return doc;
  const kept = sharedWords(before.map(({ word }) => word), wanted);
  const words = [];
  for (let at = 0, old = 0; at < wanted.length; at++) {
    const until = kept.findIndex((match, later) => later >= at && match !== null);
    const run = (until < 0 ? wanted.length : until) - at;
    const lost = before.slice(old, until < 0 ? before.length : kept[until]);
    const low = old ? before[old - 1].time : segment.start;
    const high = until < 0 ? Math.max(low, segment.end) : before[kept[until]].time;
    for (let n = 0; n < run; n++) {
      const time = low + ((high - low) * (n + 1)) / (run + 1);
      const word = wanted[at + n];
      words.push(lost.length === run ? { ...lost[n], word, probability: null } : newWord(word, time, doc.duration));
    }
    if (until < 0) break;
    words.push(before[kept[until]]);
    [at, old] = [until, kept[until] + 1];
  }
  return replace(doc, new Map([[id, [{ ...segment, words, ...JUDGED, made: stamp, checked: stamp }]]]));
}

/** For each wanted word the number of the equal word before, in order and as many as possible; null for a new one. */
function sharedWords(before, wanted) {
  const most = Array.from({ length: before.length + 1 }, () => new Array(wanted.length + 1).fill(0));
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = wanted.length - 1; j >= 0; j--) {
      most[i][j] = before[i] === wanted[j] ? 1 + most[i + 1][j + 1] : Math.max(most[i + 1][j], most[i][j + 1]);
    }
  }
  let old = 0;
  return wanted.map((word, at) => {
    if (most[old][at] === most[old][at + 1]) return null;
    while (before[old] !== word || most[old][at] !== 1 + most[old + 1][at + 1]) old++;
    return old++;
  });
}

function newWord(word, time, duration) {
  const [start, end] = [Math.max(0, time - HALF_WINDOW), Math.min(duration, time + HALF_WINDOW)];
  return { word, time: seconds(time), start: seconds(start), end: seconds(end), probability: null };
}

/** Move the word with this number in its segment; it stays inside. */
function moveWord(doc, id, number, time, stamp) {
  const segment = segmentOf(doc, id);
  const at = between(segment.start, toFrame(doc, time), segment.end);
  const words = segment.words.map((word, n) => (n === number ? shifted(word, at, doc.duration) : word));
  if (words[number] === segment.words[number]) return doc;
  return replace(doc, new Map([[id, [{ ...segment, words, made: stamp }]]]));
}

/** Mark a segment as right. */
function accept(doc, id, stamp) {
  return replace(doc, new Map([[id, [{ ...segmentOf(doc, id), ...JUDGED, checked: stamp }]]]));
}

/** Whether a person should look: nobody has, and the segment is not certain or shows no known action. */
function isUnsure(segment) {
  const certainty = certaintyOf(segment);
  return !segment.checked && (segment.known === false || (certainty !== null && certainty < UNSURE));
}

/** The transcript of a document, as the JSON of a transcript, with who made and who checked each segment. */
function transcriptOf(doc, source, { model, schema }) {
  const segments = doc.segments.map(({ id, colour, ...segment }) => ({
    ...segment,
    text: segment.words.map(({ word }) => word).join(" "),
  }));
  const words = segments.flatMap((segment) => segment.words);
  const text = words.map(({ word }) => word).join(" ");
  return { schema, source, model, duration: doc.duration, text, words, segments };
}

// Decoding of the page's data, the inverse of packing.py: base64, deflate, zigzag differences, relative positions.
"use strict";

/** Decode base64 and inflate. */
async function inflate(text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Positions in metres as one Float32Array: three values per joint, joint after joint, frame after frame. */
async function decodePositions(take) {
  const { frames, step, origin, data } = take.motion;
  const bytes = await inflate(data);
  const joints = take.parents.length;
  const whole = new Int32Array(frames * joints * 3);
  const half = bytes.length / 2;
  let from = 0;
  for (let channel = 0; channel < joints * 3; channel++) {
    let value = 0;
    for (let frame = 0; frame < frames; frame++, from++) {
      const coded = bytes[from] | (bytes[half + from] << 8);
      value = ((value + ((coded >>> 1) ^ -(coded & 1))) << 16) >> 16;
      whole[frame * joints * 3 + channel] = value;
    }
  }
  const positions = new Float32Array(whole.length);
  for (let at = 0; at < whole.length; at++) {
    const joint = Math.floor(at / 3) % joints;
    if (joint > 0) whole[at] += whole[at + (take.parents[joint] - joint) * 3];
    positions[at] = whole[at] * step + origin[at % 3];
  }
  return positions;
}

const timedWords = new WeakMap(); // of segments

/** Every word of a transcript in order, with its segment; the same objects for the same segment. */
function wordsOf(transcript) {
  const make = (segment) => segment.words.map((own) => ({ ...own, own, segment }));
  return transcript.segments.flatMap((segment) => cached(timedWords, segment, () => make(segment)));
}

/** The value of a key in a map, made when it is not there. */
function cached(map, key, make) {
  if (!map.has(key)) map.set(key, make());
  return map.get(key);
}

const givenChildren = new WeakMap(); // of nodes

/** Give a node these children in this order, before any others; those at both ends that it has already stay. */
function setChildren(node, children) {
  const before = givenChildren.get(node) || [];
  const least = Math.min(before.length, children.length);
  let first = 0;
  while (first < least && before[first] === children[first]) first++;
  let same = 0; // at the end
  while (same < least - first && before[before.length - 1 - same] === children[children.length - 1 - same]) same++;
  const place = first ? before[first - 1] : null;
  for (const child of before.slice(first, before.length - same)) child.remove();
  const added = children.slice(first, children.length - same);
  if (place) place.after(...added);
  else node.prepend(...added);
  givenChildren.set(node, children);
}

const givenClasses = new WeakMap(); // of nodes

/** Give a node a class or take it away; whether that changed it. Unlike classList it asks the node only then. */
function setClass(node, name, isOn) {
  const classes = cached(givenClasses, node, () => new Set());
  if (classes.has(name) === isOn) return false;
  if (isOn) classes.add(name);
  else classes.delete(name);
  return node.classList.toggle(name, isOn) === isOn;
}

/** The latest words whose window contains the time; several if their times are equal. */
function wordsAt(words, time) {
  const open = words.filter((word) => word.time <= time && time < word.end);
  const latest = Math.max(...open.map((word) => word.time));
  return new Set(open.filter((word) => word.time === latest));
}

/** The segment that contains the time; of several, the one that began last. */
function segmentAt(transcript, time) {
  const open = transcript.segments.filter((segment) => segment.start <= time && time < segment.end);
  return open.reduce((best, segment) => (best && best.start > segment.start ? best : segment), null);
}

/** A function from a label to its colour's number, the same for all takes; null for a segment without a label. */
function colourNumbers() {
  const numbers = new Map();
  return (label) => {
    if (label !== null && !numbers.has(label)) numbers.set(label, numbers.size % 8);
    return label === null ? null : numbers.get(label);
  };
}

/** The colour of a number as a CSS variable: `var(--c3)`. */
function colourOf(number) {
  return number === null ? "var(--unnamed)" : `var(--c${number})`;
}

/** Minutes and seconds, 0:05.8, with `digits` after the point. */
function clockText(seconds, digits = 1) {
  const unit = 10 ** digits;
  const whole = Math.round(seconds * unit);
  const rest = ((whole % (60 * unit)) / unit).toFixed(digits).padStart(digits ? digits + 3 : 2, "0");
  return `${Math.floor(whole / (60 * unit))}:${rest}`;
}

/** An element with attributes, properties whose names start with a dot, and children; text never becomes markup. */
function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith(".")) node[name.slice(1)] = value;
    else if (name.startsWith("--")) node.style.setProperty(name, value);
    else if (value !== null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

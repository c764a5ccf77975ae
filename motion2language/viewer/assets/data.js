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

/** Give a node these children in this order; those that it has already stay where they are. */
function setChildren(node, children) {
  const kept = new Set(children);
  for (const child of [...node.childNodes]) if (!kept.has(child)) child.remove();
  let at = node.firstChild;
  for (const child of children) {
    if (child === at) at = at.nextSibling;
    else node.insertBefore(child, at);
  }
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

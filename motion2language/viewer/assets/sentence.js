// The sentence of a transcript: one button per word, grouped by segment; a word lights up when the motion reaches it.
"use strict";

const phrases = new WeakMap(); // of segments: drawn again, most of them are the same

/** {root, show(transcript), update(time)}; `title` is shown if there are several sentences, and always read aloud. */
function makeSentence(title, clock) {
  const root = element("p", { class: "sentence", role: "group", "aria-label": title });
  const caption = element("span", { class: "caption", "aria-hidden": "true" }, title);
  let rows = []; // of a word and its button
  let last; // seconds, time of the word that was lit
  const show = (transcript) => {
    const parts = transcript.segments.map((segment) => cached(phrases, segment, () => makePhrase(segment, clock)));
    rows = parts.flatMap(({ words }) => words);
    const others = rows.length ? [] : [element("span", { class: "nothing" }, "nothing to describe")];
    if (transcript.segments.some(detailOf)) {
      const detail = transcript.segments.map((segment) => detailOf(segment) || captionOf(segment)).join(" ");
      others.push(element("span", { class: "detail", title: "with what was measured" }, detail));
    }
    setChildren(root, [caption, ...parts.map(({ phrase }) => phrase), ...others]);
  };
  const update = (time) => {
    const now = wordsAt(rows.map(([word]) => word), time);
    for (const [word, button] of rows) {
      setClass(button, "reached", word.time <= time);
      if (setClass(button, "now", now.has(word))) button.ariaCurrent = now.has(word) ? "true" : null;
    }
    const first = rows.find(([word]) => now.has(word));
    if (first && first[0].time !== last) keepInBox(first[1], root.parentElement);
    last = first && first[0].time;
  };
  return { root, show, update };
}

/** {phrase, words: rows of a word and its button} of a segment. */
function makePhrase(segment, clock) {
  const phrase = element("span", { class: "phrase", "--colour": colourOf(segment.colour) });
  const words = wordsOf({ segments: [segment] }).map((word) => {
    const label = `${word.word}, at ${word.time.toFixed(1)} seconds`;
    const confidence = word.probability === null ? "" : `, confidence ${Math.round(100 * word.probability)} %`;
    const attributes = { type: "button", class: "word", "aria-label": label, title: label + confidence, dir: "auto" };
    const button = element("button", attributes, word.word);
    button.addEventListener("click", () => clock.seek(word.time));
    phrase.append(button, " ");
    return [word, button];
  });
  const [unknown, note] = [segment.known === false ? captionOf(segment) : "", noteOf(segment)];
  if (unknown) phrase.replaceChildren(element("span", { class: "unknown" }, unknown), " ");
  if (note) phrase.append(element("span", { class: "facts" }, note), " ");
  return { phrase, words };
}

/** Scroll a long sentence, but not the page, to a word outside its box. */
function keepInBox(button, box) {
  if (!box || box.scrollHeight <= box.clientHeight) return;
  const top = button.offsetTop - box.offsetTop;
  if (top < box.scrollTop || top + button.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = top - 8;
}

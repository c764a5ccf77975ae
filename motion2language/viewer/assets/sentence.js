// The sentence of a transcript: one button per word, grouped by segment; a word lights up when the motion reaches it.
"use strict";

const phrases = new WeakMap(); // of segments: drawn again, most of them are the same

/** {root, update(time)} of a transcript; `title` is shown if there are several sentences, and always read aloud. */
function makeSentence(transcript, words, title, clock) {
  const root = element("p", { class: "sentence", role: "group", "aria-label": title });
  root.append(element("span", { class: "caption", "aria-hidden": "true" }, title));
  const buttons = new Map();
  for (const segment of transcript.segments) {
    const { phrase, words: own } = cached(phrases, segment, () => makePhrase(segment, clock));
    for (const [word, button] of own) buttons.set(word, button);
    root.append(phrase);
  }
  if (!words.length) root.append(element("span", { class: "nothing" }, "nothing to describe"));
  if (transcript.segments.some(detailOf)) {
    const detail = transcript.segments.map((segment) => detailOf(segment) || captionOf(segment)).join(" ");
    root.append(element("span", { class: "detail", title: "with what was measured" }, detail));
  }
  let last;
  const update = (time) => {
    const now = wordsAt(words, time);
    const [first] = now;
    if (first !== last && first) keepInBox(buttons.get(first), root.parentElement);
    last = first;
    for (const [word, button] of buttons) {
      button.classList.toggle("reached", word.time <= time);
      button.classList.toggle("now", now.has(word));
      if (now.has(word)) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  };
  return { root, update };
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

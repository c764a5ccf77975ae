// The sentence of a transcript: a button a word, grouped by segment; a word lights up when the motion reaches it.
"use strict";

/** {root, update(time)} of a transcript; `title` names it to a screen reader and, where shown, to the eye. */
function makeSentence(transcript, words, title, clock) {
  const root = element("p", { class: "sentence", role: "group", "aria-label": title });
  root.append(element("span", { class: "caption", "aria-hidden": "true" }, title));
  const buttons = new Map();
  for (const segment of transcript.segments) {
    const phrase = element("span", { class: "phrase", "--colour": colourOf(segment.colour) });
    for (const word of words.filter((each) => each.segment === segment)) {
      const label = `${word.word}, at ${word.time.toFixed(1)} seconds`;
      const sure = word.probability === null ? "" : `, probability ${Math.round(100 * word.probability)} %`;
      const attributes = { type: "button", class: "word", "aria-label": label, title: label + sure, dir: "auto" };
      const button = element("button", attributes, word.word);
      button.addEventListener("click", () => clock.seek(word.time));
      buttons.set(word, button);
      phrase.append(button, " ");
    }
    root.append(phrase);
  }
  if (!words.length) root.append(element("span", { class: "nothing" }, "nothing to describe"));
  let seen;
  const update = (time) => {
    const now = wordsAt(words, time);
    const [first] = now;
    if (first !== seen && first) keepInBox(buttons.get(first), root.parentElement);
    seen = first;
    for (const [word, button] of buttons) {
      button.classList.toggle("said", word.time <= time);
      button.classList.toggle("now", now.has(word));
      if (now.has(word)) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  };
  return { root, update };
}

/** Scroll a long sentence, and nothing else of the page, to a word that is outside of its box. */
function keepInBox(button, box) {
  if (!box || box.scrollHeight <= box.clientHeight) return;
  const top = button.offsetTop - box.offsetTop;
  if (top < box.scrollTop || top + button.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = top - 8;
}

// The attention map of a take, below its timeline.
"use strict";

const HEAT_ROW = 18; // pixels per word

/** The attention map, collapsed: one row per word, time to the right, darker where the model looked more. */
function makeHeat(take, clock) {
  const { words: rows, frames } = take.weights;
  const { words } = take; // those of the model, which corrections do not change
  const canvas = element("canvas", { ".width": frames, ".height": rows, role: "img" });
  canvas.setAttribute("aria-label", `Attention of ${rows} words over ${take.duration.toFixed(1)} seconds`);
  const share = `${(100 * take.duration) / clock.duration}%`;
  const inner = element("div", { class: "inner", "--least": `${Math.ceil(clock.duration * SECOND)}px` }, canvas);
  canvas.style.width = share;
  canvas.style.height = `${rows * HEAT_ROW}px`;
  words.forEach((word, row) => {
    const late = word.time > 0.75 * clock.duration;
    const side = late ? word.start : word.end;
    const style = { "--left": `${(100 * side) / clock.duration}%`, "--top": `${row * HEAT_ROW}px` };
    inner.append(element("span", { class: late ? "heat-word backward" : "heat-word", dir: "auto", ...style }, word.word));
  });
  inner.append(element("div", { class: "playhead", "aria-hidden": "true" }));
  scrubOn(inner, clock);
  const paint = () => paintHeat(canvas, take.weights, words);
  canvas.repaint = paint;
  const title = element("summary", {}, "Attention: where the model looked for each word");
  const fold = element("details", { class: "heat" }, title, element("div", { class: "scroller tall" }, inner));
  fold.addEventListener("toggle", paint);
  return fold;
}

function paintHeat(canvas, { frames, values }, words) {
  if (!values) return;
  const pen = canvas.getContext("2d");
  const style = getComputedStyle(canvas);
  const image = pen.createImageData(canvas.width, canvas.height);
  words.forEach((word, row) => {
    const name = word.segment.colour === null ? "--unnamed" : `--c${word.segment.colour}`;
    const [red, green, blue] = rgb(style.getPropertyValue(name).trim());
    for (let frame = 0; frame < frames; frame++) {
      image.data.set([red, green, blue, values[row * frames + frame]], 4 * (row * frames + frame));
    }
  });
  pen.putImageData(image, 0, 0);
}

/** #rrggbb as three numbers. */
function rgb(colour) {
  return [1, 3, 5].map((from) => parseInt(colour.slice(from, from + 2), 16));
}

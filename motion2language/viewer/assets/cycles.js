// Repetitions on the timeline: a numbered mark at the middle of each.
"use strict";

const cycleMarks = new WeakMap(); // of segments

/** {root, fill(transcript)}: a row of the timeline, hidden where no segment repeats anything. */
function makeCycles(left) {
  const row = element("div", { class: "cycles" });
  const root = element("div", { hidden: "" }, element("div", { class: "row-title" }, "Repetitions, numbered"), row);
  const fill = ({ segments }) => {
    const marks = segments.flatMap((segment) => cached(cycleMarks, segment, () => marksOf(segment, left)));
    root.hidden = marks.length === 0;
    setChildren(row, marks);
  };
  return { root, fill };
}

function marksOf(segment, left) {
  const times = repetitionsOf(segment);
  return times.map((time, at) => {
    const text = `${segment.label || "repetition"}, ${at + 1} of ${times.length}, at ${time.toFixed(1)} seconds`;
    const style = { "--left": left(time), "--colour": colourOf(segment.colour) };
    return element("span", { class: "cycle", role: "img", "aria-label": text, title: text, ...style }, String(at + 1));
  });
}

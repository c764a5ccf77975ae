// Files of programs with tiers, ELAN and Praat: whole milliseconds, and no two marks of a tier share a time.
"use strict";

/** [start, end] in milliseconds, at least one apart. */
function spanOf({ start, end }) {
  return [milliseconds(start), Math.max(milliseconds(end), milliseconds(start) + 1)];
}

function lengthOf({ duration, segments }) {
  return Math.max(1, milliseconds(duration), ...segments.map((segment) => spanOf(segment)[1]));
}

/** The segments in order of time, on the fewest layers without overlaps; at least one layer. */
function layersOf(segments) {
  const layers = [[]];
  const ordered = [...segments].sort((a, b) => spanOf(a)[0] - spanOf(b)[0] || spanOf(a)[1] - spanOf(b)[1]);
  for (const segment of ordered) {
    const isFree = (layer) => !layer.length || spanOf(layer[layer.length - 1])[1] <= spanOf(segment)[0];
    const free = layers.find(isFree);
    if (free) free.push(segment);
    else layers.push([segment]);
  }
  return layers;
}

/** Rows [moment, end, words] in milliseconds, without guesses; words of one moment are joined, and end before the next. */
function momentsOf({ segments }) {
  const found = new Map();
  const words = segments.flatMap((segment) => (segment.known === false ? [] : segment.words));
  for (const { word, time, end } of words) {
    const moment = milliseconds(time);
    const row = found.get(moment) || { last: moment + 1, texts: [] };
    found.set(moment, { last: Math.max(row.last, milliseconds(end)), texts: [...row.texts, word] });
  }
  const times = [...found.keys()].sort((a, b) => a - b);
  return times.map((time, at) => {
    const { last, texts } = found.get(time);
    return [time, Math.min(last, times[at + 1] ?? Infinity), texts.join(" ")];
  });
}

/** Rows {name, marks: [[start, end, text]], points} of both programs; with facts, if wanted, where there are any. */
function tiersOf(transcript, withFacts) {
  const marksOf = (layer, text) => layer.map((segment) => [...spanOf(segment), text(segment)]);
  const tiers = layersOf(transcript.segments).flatMap((layer, at) => {
    const name = (tier) => (at ? `${tier} ${at + 1}` : tier);
    const labelOf = ({ label, known }) => (known === false ? "unknown" : label || "");
    const labels = { name: name("segments"), marks: marksOf(layer, labelOf) };
    return [labels, { name: name("phrases"), marks: marksOf(layer, captionOf) }];
  });
  const measured = withFacts && transcript.segments.some(factsOf) ? layersOf(transcript.segments) : [];
  const facts = measured.map((layer, at) => ({ name: at ? `facts ${at + 1}` : "facts", marks: marksOf(layer, factsOf) }));
  const whole = transcript.words.length ? [[0, lengthOf(transcript), sentenceOf(transcript)]] : [];
  return [{ name: "sentence", marks: whole }, ...tiers, ...facts, { name: "words", marks: momentsOf(transcript), points: true }];
}

/** ELAN's annotations as XML. */
function toEaf(transcript) {
  const xml = (value) =>
    String(value)
      .replace(/[^\t\n\r\x20-\uffff]|[\ufffe\uffff]/g, "\ufffd")
      .replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
  const tiers = tiersOf(transcript, true);
  const slots = [];
  const rows = tiers.map(({ name, marks }) => ({
    name,
    marks: marks.map(([start, end, text]) => ({ slots: [slots.push(start) - 1, slots.push(end) - 1], text })),
  }));
  const order = slots.map((time, slot) => [time, slot]).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const names = new Map(order.map(([, slot], at) => [slot, `ts${at + 1}`]));
  let number = 0;
  const annotation = ({ slots: [from, to], text }) =>
    `<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a${++number}" TIME_SLOT_REF1="${names.get(from)}" ` +
    `TIME_SLOT_REF2="${names.get(to)}"><ANNOTATION_VALUE>${xml(text)}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>`;
  const { source, model, duration } = transcript;
  const properties = Object.entries({ source, model, duration });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<ANNOTATION_DOCUMENT AUTHOR="${xml(model || "motion2language")}" DATE="${new Date().toISOString()}" VERSION="2.8" FORMAT="2.8">`,
    '<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">',
    ...properties.map(([name, value]) => `<PROPERTY NAME="${name}">${xml(value)}</PROPERTY>`),
    "</HEADER>",
    "<TIME_ORDER>",
    ...order.map(([time], at) => `<TIME_SLOT TIME_SLOT_ID="ts${at + 1}" TIME_VALUE="${time}"/>`),
    "</TIME_ORDER>",
    ...rows.flatMap(({ name, marks }) => [
      `<TIER TIER_ID="${name}" LINGUISTIC_TYPE_REF="default-lt">`,
      ...marks.map(annotation),
      "</TIER>",
    ]),
    '<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="default-lt" TIME_ALIGNABLE="true" GRAPHIC_REFERENCES="false"/>',
    "</ANNOTATION_DOCUMENT>\n",
  ].join("\n");
}

/** Praat's TextGrid in its long form. */
function toTextGrid(transcript) {
  const length = lengthOf(transcript);
  const time = (value) => (value / 1000).toFixed(6);
  const text = (value) => `"${value.replace(/"/g, '""')}"`;
  const items = tiersOf(transcript, false).map(({ name, marks, points }, at) => {
    const rows = points ? marks : filled(marks, length);
    const kind = points ? "points" : "intervals";
    const head = [`    item [${at + 1}]:`, `        class = "${points ? "TextTier" : "IntervalTier"}"`, `        name = "${name}"`];
    head.push("        xmin = 0.000000", `        xmax = ${time(length)}`, `        ${kind}: size = ${rows.length}`);
    const body = rows.flatMap(([start, end, value], row) => [
      `        ${kind} [${row + 1}]:`,
      ...(points
        ? [`            number = ${time(start)}`, `            mark = ${text(value)}`]
        : [`            xmin = ${time(start)}`, `            xmax = ${time(end)}`, `            text = ${text(value)}`]),
    ]);
    return [...head, ...body];
  });
  const head = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0.000000", `xmax = ${time(length)}`];
  return lines([...head, "tiers? <exists>", `size = ${items.length}`, "item []:", ...items.flat()]);
}

/** Marks with empty ones between them, so that they cover everything from 0 to `length`. */
function filled(marks, length) {
  let from = 0;
  const rows = marks.flatMap(([start, end, text]) => {
    const gap = start > from ? [[from, start, ""]] : [];
    from = end;
    return [...gap, [start, end, text]];
  });
  return from < length ? [...rows, [from, length, ""]] : rows;
}

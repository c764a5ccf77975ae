// The formats that a page writes by itself, as the package's writers do: each a function from a transcript to a text.
"use strict";

const milliseconds = (time) => Math.round(1000 * time);
const byStart = (segments) => [...segments].sort((a, b) => a.start - b.start);
const lines = (rows) => rows.map((row) => `${row}\n`).join("");

/** Hours, minutes, seconds and milliseconds; `mark` comes before the milliseconds. */
function timestamp(time, mark) {
  const whole = milliseconds(time);
  const part = (unit, most) => String(Math.floor(whole / unit) % most).padStart(2, "0");
  return `${part(3.6e6, 1e6)}:${part(6e4, 60)}:${part(1e3, 60)}${mark}${String(whole % 1000).padStart(3, "0")}`;
}

function cueTimes({ start, end }, mark) {
  const last = Math.max(end, (milliseconds(start) + 1) / 1000);
  return `${timestamp(start, mark)} --> ${timestamp(last, mark)}`;
}

function toSrt({ segments }) {
  return byStart(segments).map((cue, at) => `${at + 1}\n${cueTimes(cue, ",")}\n${markedOf(cue)}\n`).join("\n");
}

function toVtt({ segments }) {
  const cues = byStart(segments).map((cue) => `${cueTimes(cue, ".")}\n${vttText(cue)}\n`);
  return ["WEBVTT\n", ...cues].join("\n");
}

/** The words, each after its timestamp where that rises and lies inside the cue; and how doubtful they are. */
function vttText(segment) {
  const { start, end, words, known } = segment;
  const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  if (known === false) return escaped(markedOf(segment));
  let last = milliseconds(start);
  const doubt = doubtOf(segment);
  const parts = words.map(({ word, time }) => {
    const text = escaped(word);
    const moment = milliseconds(time);
    if (moment <= last || moment >= milliseconds(end)) return text;
    last = moment;
    return `<${timestamp(time, ".")}>${text}`;
  });
  return [...parts, ...(doubt ? [`(${doubt})`] : [])].join(" ");
}

function toTxt({ segments }) {
  const line = (segment) => `[${longClock(segment.start)} → ${longClock(segment.end)}] ${markedOf(segment)}`;
  return lines(segments.map((segment) => line(segment).trimEnd()));
}

/** Minutes and seconds to a tenth, 01:02.5; hours in front when there are any. */
function longClock(time) {
  const tenths = Math.round(10 * time);
  const pad = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(tenths / 36000);
  const rest = `${pad(Math.floor(tenths / 600) % 60)}:${pad(Math.floor(tenths / 10) % 60)}.${tenths % 10}`;
  return hours ? `${hours}:${rest}` : rest;
}

function rowsOf({ segments }) {
  const rows = segments.map((segment) => {
    const certainty = certaintyOf(segment);
    const times = [segment.start.toFixed(3), segment.end.toFixed(3)];
    const judged = [certainty === null ? "" : certainty.toFixed(3), segment.known === false ? "no" : "yes"];
    return [...times, segment.label ?? "", captionOf(segment), ...judged, factsOf(segment)];
  });
  return [["start", "end", "label", "text", "confidence", "known", "facts"], ...rows];
}

function toTsv(transcript) {
  return lines(rowsOf(transcript).map((row) => row.join("\t")));
}

function toCsv(transcript) {
  const quoted = (field) => (/[",\r\n]/.test(field) ? `"${field.replace(/"/g, '""')}"` : field);
  return lines(rowsOf(transcript).map((row) => row.map(quoted).join(",")));
}

function toAudacity({ segments }) {
  const mark = (part) => [part.known === false ? "" : part.label, captionOf(part)].filter(Boolean).join(": ");
  return lines(byStart(segments).map((part) => `${part.start.toFixed(6)}\t${part.end.toFixed(6)}\t${mark(part)}`));
}

const toJson = (value) => `${JSON.stringify(value, null, 1)}\n`;

function toBabel(transcript) {
  const { segments, source, model, duration } = transcript;
  const labelsOf = ({ label, known }) => (label && known !== false ? [label] : []);
  const actions = [...new Set(segments.flatMap(labelsOf))];
  const entry = (name, raw, list) => ({ raw_label: raw, proc_label: list.join(", ") || raw, seg_id: name, act_cat: list });
  const whole = segments.length ? [entry("whole", sentenceOf(transcript), actions)] : [];
  const parts = segments.map((part, at) => ({
    ...entry(`segment-${at + 1}`, captionOf(part) || part.label || "", labelsOf(part)),
    start_t: part.start,
    end_t: part.end,
  }));
  const sequence = {
    babel_sid: source,
    feat_p: source,
    dur: duration,
    seq_ann: { anntr_id: model, mul_act: actions.length > 1, labels: whole },
    frame_ann: { anntr_id: model, mul_act: parts.length > 1, labels: parts },
  };
  return toJson({ [source]: sequence });
}

/** A task of Label Studio: the segments as predictions on a series, the number of the current segment. */
function toLabelStudio(transcript) {
  const { segments, duration, text, source, model } = transcript;
  const regions = segments.flatMap((part, at) => {
    const span = { start: part.start, end: part.end, instant: false };
    const region = (from, type, value) => ({ id: `segment-${at + 1}`, from_name: from, to_name: "motion", type, value });
    const label = region("action", "timeserieslabels", { ...span, timeserieslabels: [part.label || "unnamed"] });
    if (factsOf(part)) label.meta = { text: [factsOf(part)] };
    return part.text ? [label, region("phrase", "textarea", { ...span, text: [part.text] })] : [label];
  });
  const time = [...new Set([0, duration, ...segments.flatMap(({ start, end }) => [start, end])])].sort((a, b) => a - b);
  const current = (at) => segments.reduce((best, part, n) => (part.start <= at && at < part.end ? n + 1 : best), 0);
  const data = { motion: { time, segment: time.map(current) }, text, source, transcript: plain(transcript) };
  return toJson([{ data, predictions: [{ model_version: model, result: regions }] }]);
}

/** Rows [suffix, name for people, function], in the order of the menu. */
const EXPORTS = [
  ["json", "JSON", toJson],
  ["srt", "SubRip", toSrt],
  ["vtt", "WebVTT", toVtt],
  ["csv", "CSV", toCsv],
  ["eaf", "ELAN", toEaf],
  ["TextGrid", "Praat TextGrid", toTextGrid],
  ["labelstudio.json", "Label Studio", toLabelStudio],
  ["babel.json", "BABEL", toBabel],
  ["audacity.txt", "Audacity labels", toAudacity],
  ["tsv", "TSV", toTsv],
  ["txt", "Plain text", toTxt],
];

/** Let the browser save a text under a name. */
function download(name, text) {
  const link = element("a", { download: name, href: URL.createObjectURL(new Blob([text], { type: "application/octet-stream" })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

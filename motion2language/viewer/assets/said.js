// What pages and files say beside a segment's words, as the package's writers do: doubt, facts, an unknown action.
"use strict";

const DOUBTFUL = 0.5; // confidence below which a segment is marked; as the writers'

/** How probably a segment's words are right, from 0 to 1; null if nobody judged it. */
function certaintyOf({ confidence = null, probability }) {
  return confidence ?? probability;
}

/** "? 42 %" of a doubtful segment, else "". */
function doubtOf(segment) {
  const certainty = certaintyOf(segment);
  return certainty === null || certainty >= DOUBTFUL ? "" : `? ${Math.round(100 * certainty)} %`;
}

/** The facts of a segment as a phrase, from `shown`, which the package worded; "" for none. */
function factsOf({ shown, facts }) {
  return (facts && shown && shown.facts) || "";
}

/** Seconds of the recording, the middle of each repetition; none where the package counts none. */
function repetitionsOf({ shown, facts }) {
  return (facts && shown && shown.repetitions) || [];
}

/** The words of a segment; its facts where its action is unknown. */
function captionOf({ known, text, shown, facts }) {
  if (known !== false) return text;
  return (facts && shown && shown.unknown) || "unknown action";
}

/** The words of a segment with those of its facts; "" where these add nothing, or the words were corrected since. */
function detailOf({ known, text, shown, facts }) {
  return (known !== false && facts && shown && shown.text === text && shown.detail) || "";
}

/** The sentence, in which the facts of unknown actions stand for their words. */
function sentenceOf({ segments, text }) {
  const known = segments.every((segment) => segment.known !== false);
  return known ? text : segments.map(captionOf).filter(Boolean).join(" ");
}

/** The caption, and how doubtful it is. */
function markedOf(segment) {
  const doubt = segment.known === false ? "" : doubtOf(segment);
  return [captionOf(segment), doubt && `(${doubt})`].filter(Boolean).join(" ");
}

/** What stands behind the words: doubt and facts. */
function noteOf(segment) {
  return segment.known === false ? "" : [doubtOf(segment), factsOf(segment)].filter(Boolean).join(" · ");
}

/** A transcript without the wordings of the package, which its JSON does not have. */
function plain(transcript) {
  return { ...transcript, segments: transcript.segments.map(({ shown, ...segment }) => segment) };
}

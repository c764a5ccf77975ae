// Where actions probably change: the moments at which the body is slowest, and the bounds that others have set.
"use strict";

const STILL = 0.25; // seconds on each side in which no moment is slower; chosen

/** Times in order, seconds: local minima of the joints' speed below its median, and the bounds of other transcripts. */
function likelyBoundaries(take) {
  const speed = take.speed.map((value, at, all) => (value + (all[at - 1] ?? value) + (all[at + 1] ?? value)) / 3);
  const rate = Math.max(speed.length - 1, 1) / take.duration;
  const reach = Math.max(1, Math.round(STILL * rate));
  const median = [...speed].sort((a, b) => a - b)[speed.length >> 1];
  const slow = speed.flatMap((value, at) => {
    const around = speed.slice(Math.max(0, at - reach), at + reach + 1);
    const isLeast = value <= Math.min(...around) && value !== speed[at - 1];
    return isLeast && value < median ? [at / rate] : [];
  });
  const others = [take.original, take.reference].flatMap((transcript) => (transcript ? transcript.segments : []));
  const bounds = others.flatMap(({ start, end }) => [start, end]);
  return [...new Set([...slow, ...bounds])].sort((a, b) => a - b);
}

/** The nearest of some times, or the time itself where there are none. */
function nearest(times, time) {
  return times.reduce((best, each) => (Math.abs(each - time) < Math.abs(best - time) ? each : best), times[0] ?? time);
}

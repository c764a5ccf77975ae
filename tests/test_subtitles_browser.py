"""VTT as a browser reads it: cues, their times, the words and the moments inside them."""

from __future__ import annotations

import base64

import pytest
from test_viewer_browser import CHROMIUM, FLAGS
from test_writers_tiers import ODD, OVERLAPPING

from motion2language import writers
from motion2language.transcript import Segment, TimedWord, Transcript

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright: pip install playwright")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]
READ = """
async (address) => {
  const video = document.createElement("video"), track = document.createElement("track");
  video.append(track);
  document.body.append(video);
  track.track.mode = "hidden";
  await new Promise((done, failed) => { track.onload = done; track.onerror = failed; track.src = address; });
  return [...track.track.cues].map((cue) => ({
    start: Math.round(1000 * cue.startTime),
    end: Math.round(1000 * cue.endTime),
    text: cue.getCueAsHTML().textContent,
    moments: [...cue.getCueAsHTML().childNodes].filter((node) => node.nodeType === 7).map((node) => node.data),
  }));
}
"""
TWO_MOMENTS = Transcript(
    (Segment(6.0, 7.3, "squat", (TimedWord("then", 6.391, 6, 7), TimedWord("squats", 7.2286, 7, 8))),), 9
)


def test_chromium_reads_words_and_times():
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page()
        for transcript in (ODD, OVERLAPPING, TWO_MOMENTS):
            text = writers.render(transcript, "vtt")
            found = page.evaluate(READ, "data:text/vtt;base64," + base64.b64encode(text.encode()).decode())
            segments = sorted(transcript.segments, key=lambda segment: (segment.start, -segment.end))
            assert [(cue["start"], cue["text"]) for cue in found] == [
                (round(1000 * segment.start), segment.text) for segment in segments
            ]
            ends = [max(round(1000 * segment.end), round(1000 * segment.start) + 1) for segment in segments]
            assert [cue["end"] for cue in found] == ends
        assert found[0]["moments"] == ["00:00:06.391", "00:00:07.229"]
        browser.close()

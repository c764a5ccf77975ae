"""The picture of the README: `python docs/make_picture.py RECORDING OUT.png`, poses above, words and segments below."""

import sys
import textwrap

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import motion2language as m2l
from motion2language.body import to_canonical

COLOURS = ("#3b6fb6", "#d9772b", "#3f9b6c", "#a2559c", "#8a6d3b", "#5a5a5a")
POSES = 22  # drawn across the recording; chosen


def main(recording: str, out: str) -> None:
    """Caption the recording and draw it."""
    motion = m2l.read_motion(recording)
    transcript = m2l.load_model("default").transcribe(motion)
    body = to_canonical(motion)
    figure, (poses, track) = plt.subplots(
        2, 1, figsize=(11, 3.8), sharex=True, height_ratios=(2.6, 1.4), layout="constrained"
    )
    for time in (np.arange(POSES) + 0.5) / POSES * motion.duration:
        _draw_pose(poses, body, time, _colour(transcript, time), motion.duration / POSES)
    poses.set_ylim(-0.03, 1.95)
    poses.set_axis_off()
    for number, segment in enumerate(transcript.segments):
        colour = COLOURS[number % len(COLOURS)]
        track.axvspan(segment.start, segment.end, 0.0, 0.42, color=colour, alpha=0.22, lw=0)
        track.text((segment.start + segment.end) / 2, 0.21, segment.label, ha="center", va="center",
                   color=colour, weight="bold", fontsize=12)  # fmt: skip
        _write_words(track, segment, colour)
    track.set(xlim=(0, motion.duration), ylim=(0, 1), yticks=[], xlabel="seconds")
    for side in ("left", "right", "top"):
        track.spines[side].set_visible(False)
    figure.savefig(out, dpi=130)


def _draw_pose(axes: plt.Axes, body: m2l.Motion, time: float, colour: str, room: float) -> None:
    """The body at a time, seen from the front left, one metre as wide as its share of the time axis allows."""
    points = body.positions[min(int(time * body.fps), body.frames - 1)]
    facing = body.positions[0]
    left = facing[body.skeleton.index("left_hip")] - facing[body.skeleton.index("right_hip")]
    heading = np.arctan2(-left[2], left[0])
    view = heading + np.radians(50)
    centred = points - points[0] * [1, 0, 1]
    across = (np.cos(view) * centred[:, 0] - np.sin(view) * centred[:, 2]) * room * 0.95
    for joint, parent in enumerate(body.skeleton.parents):
        if parent >= 0:
            axes.plot(time + across[[joint, parent]], centred[[joint, parent], 1], color=colour, lw=1.8,
                      solid_capstyle="round")  # fmt: skip
    head = body.skeleton.index("head")
    axes.plot(time + across[head], centred[head, 1] + 0.06, "o", color=colour, ms=6)


def _write_words(track: plt.Axes, segment: m2l.Segment, colour: str) -> None:
    """The segment's words over ticks at their moments."""
    times = [word.time for word in segment.words]
    track.plot(times, [0.5] * len(times), "|", color=colour, ms=9, mew=1.6)
    text = "\n".join(textwrap.wrap(segment.text, max(10, int((segment.end - segment.start) * 9))))
    track.text((segment.start + segment.end) / 2, 0.64, text, ha="center", va="bottom", fontsize=9.5, color="#222222")


def _colour(transcript: m2l.Transcript, time: float) -> str:
    for number, segment in enumerate(transcript.segments):
        if segment.start <= time < segment.end:
            return COLOURS[number % len(COLOURS)]
    return "#b5b5b5"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python docs/make_picture.py RECORDING OUT.png")
    main(*sys.argv[1:])

"""Draw the pictures of these pages from the shipped samples and model: `python docs/pictures.py`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import motion2language as m2l
from motion2language.body import to_canonical
from motion2language.captioning.features import joint_speed
from motion2language.transcript import Transcript
from motion2language.viewer import drawing, render

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "motion2language" / "samples"


def main() -> None:
    """Write picture.png, segments.png and attention.png."""
    captioner = m2l.load_model("default")
    motion = m2l.read_motion(SAMPLES / "4_walk_sideways_kick_clap_run.bvh")
    transcript, by_rule = captioner.transcribe(motion), captioner.transcribe(motion, refine=False)
    render.draw_poses(to_canonical(motion), transcript, HERE / "picture.png")
    draw_segments(captioner.prepare(motion), by_rule, transcript, HERE / "segments.png")

    motion = m2l.read_motion(SAMPLES / "3_turn_jump_punch.bvh")
    described = next(captioner.describe_all([motion], search="sentence"))
    render.draw_attention(described.transcript, described.attention(), HERE / "attention.png")


def draw_segments(body: m2l.Motion, by_rule: Transcript, by_movement: Transcript, path: Path) -> None:
    """Draw the segments of one sentence by both rules, above the speed of the joints."""
    from matplotlib.patches import Rectangle

    with drawing.style():
        figure = drawing.new_figure(8, 3)
        axes = figure.add_axes((0.17, 0.11, 0.81, 0.87))
        speed = joint_speed(body)
        axes.fill_between(np.arange(len(speed)) / body.fps, 0.9 * speed / speed.max(), color="#e4e6e9", lw=0)
        for row, transcript in ((1.1, by_movement), (2.1, by_rule)):
            for segment, colour in zip(transcript.segments, drawing.segment_colours(transcript), strict=True):
                length = segment.end - segment.start
                bar = Rectangle(
                    (segment.start, row), length, 0.55, facecolor=drawing.tint(colour, 0.7), edgecolor=colour
                )
                axes.add_patch(bar)
                if length > 1:
                    axes.text(segment.start + length / 2, row + 0.27, segment.label or "", ha="center",
                              va="center_baseline", size=9, weight="bold", color=colour)  # fmt: skip
                if transcript is by_rule:
                    axes.vlines([word.time for word in segment.words], 2.85, 3.1, colors=[colour], lw=1.5)
                else:
                    edges = [segment.start, segment.end]
                    axes.vlines(edges, 0, row, colors=[drawing.QUIET], lw=0.8, linestyles="dotted")
        axes.set(xlim=(0, body.duration), ylim=(0, 3.2))
        axes.set_yticks([0.4, 1.37, 2.37, 2.97], ["speed of the joints", "by movement", "by windows", "words"], size=9)
        ticks = range(0, int(body.duration) + 1, 2)
        axes.set_xticks(ticks, [f"{tick} s" for tick in ticks], size=9)
        axes.tick_params(axis="y", length=0)
        for side in ("left", "right", "top"):
            axes.spines[side].set_visible(False)
        figure.savefig(path, dpi=render.DPI)


if __name__ == "__main__":
    main()

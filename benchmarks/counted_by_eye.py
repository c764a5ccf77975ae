"""Repetitions and steps against counts made by eye: `python benchmarks/counted_by_eye.py CLIPS.npz` prints them.

CLIPS  Bandai Namco's clips. 30 waves and 20 walks were drawn from them by chance.

The counts were read off curves before facts were asked: a wave is a peak of the wrist towards the body's middle,
seen from its shoulder, while the hand is up; a step is a peak of a foot's speed over the ground that lies inside the
clip. Of two waves the count by facts was known before (youthful_010 with both hands, exhausted_011 with the right one).
In the three clips of style feminine the wrist moves by one to three centimetres, so that their counts are doubtful.
"""

import sys
from pathlib import Path

from motion2language.captioning.facts.find import facts
from motion2language.data.clips import find_clips

WAVES = {
    "dataset-1_bye_chimpira_001": 6,
    "dataset-2_wave-both-hands_active_004": 11,
    "dataset-2_wave-both-hands_elderly_011": 4,
    "dataset-2_wave-both-hands_elderly_020": 5,
    "dataset-2_wave-both-hands_feminine_019": 15,
    "dataset-2_wave-both-hands_masculine_016": 5,
    "dataset-2_wave-both-hands_normal_001": 12,
    "dataset-2_wave-both-hands_normal_011": 11,
    "dataset-2_wave-both-hands_normal_017": 11,
    "dataset-2_wave-both-hands_youthful_010": 9,
    "dataset-2_wave-left-hand_elderly_016": 4,
    "dataset-2_wave-left-hand_elderly_026": 4,
    "dataset-2_wave-left-hand_exhausted_008": 4,
    "dataset-2_wave-left-hand_exhausted_014": 5,
    "dataset-2_wave-left-hand_exhausted_025": 4,
    "dataset-2_wave-left-hand_masculine_002": 8,
    "dataset-2_wave-left-hand_normal_001": 9,
    "dataset-2_wave-left-hand_youthful_008": 8,
    "dataset-2_wave-right-hand_active_016": 10,
    "dataset-2_wave-right-hand_elderly_002": 4,
    "dataset-2_wave-right-hand_elderly_024": 4,
    "dataset-2_wave-right-hand_exhausted_010": 5,
    "dataset-2_wave-right-hand_exhausted_011": 4,
    "dataset-2_wave-right-hand_exhausted_012": 4,
    "dataset-2_wave-right-hand_feminine_009": 16,
    "dataset-2_wave-right-hand_feminine_016": 13,
    "dataset-2_wave-right-hand_masculine_010": 5,
    "dataset-2_wave-right-hand_masculine_020": 5,
    "dataset-2_wave-right-hand_youthful_020": 7,
    "dataset-2_wave-right-hand_youthful_022": 6,
}
WALKS = {
    "dataset-1_walk-back_childish_001": 19,
    "dataset-1_walk-back_masculinity_001": 10,
    "dataset-1_walk_not-confident_002": 13,
    "dataset-2_walk-turn-left_elderly_019": 10,
    "dataset-2_walk-turn-left_elderly_025": 11,
    "dataset-2_walk-turn-left_exhausted_028": 8,
    "dataset-2_walk-turn-left_feminine_001": 9,
    "dataset-2_walk-turn-left_normal_018": 8,
    "dataset-2_walk-turn-left_normal_020": 8,
    "dataset-2_walk-turn-right_active_036": 9,
    "dataset-2_walk-turn-right_active_038": 8,
    "dataset-2_walk-turn-right_elderly_008": 11,
    "dataset-2_walk-turn-right_feminine_021": 11,
    "dataset-2_walk-turn-right_masculine_027": 8,
    "dataset-2_walk-turn-right_normal_009": 8,
    "dataset-2_walk-turn-right_normal_033": 9,
    "dataset-2_walk_elderly_017": 26,
    "dataset-2_walk_feminine_008": 14,
    "dataset-2_walk_normal_020": 17,
    "dataset-2_walk_youthful_009": 13,
}


def main(path: Path) -> None:
    """Measure and print."""
    clips = {clip.name: clip for clip in find_clips(path)}
    rows, differing = [], []
    for what, counted in (("repetitions", WAVES), ("steps", WALKS)):
        found = {name: getattr(facts(clips[name].read()), what) for name in counted}
        errors = [abs((found[name] or 0) - number) for name, number in counted.items()]
        exact, near = sum(error == 0 for error in errors), sum(error <= 1 for error in errors)
        rows.append(f"| {what} | {len(counted)} | {exact / len(errors):.0%} | {near / len(errors):.0%} |")
        differing += [
            f"| {name} | {number} | {found[name] or 'not counted'} |"
            for name, number in counted.items()
            if found[name] != number
        ]
    print("| what | clips | exact | within one |\n| --- | --- | --- | --- |", *rows, sep="\n")
    print("\n| clip | by eye | facts |\n| --- | --- | --- |", *differing, sep="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""A small set of everything that the guides' commands read, so that each can be tried before one's own data is there.

All of it is made here of synthetic movements, or copied from the shipped samples; the same call gives the same files.

`take.bvh` `other.bvh`     shipped samples; `character.glb`, one of them in glTF
`takes/` `labels.csv`      thirty takes of five people who spin a hoop, walk and clap, and their labels
`mine.toml`                phrases for these labels
`annotations.json`         a sentence for each take; `captions.txt`, sentences with misspelt words
`bench.npz` `bench.json`   motions composed of the takes, with sentences and exact segments
`people/`                  labelled recordings of five people
`described/`               transcripts of take.bvh and of ten takes, with a mistake in each third one
`corrected/` `ann/` `bob/` their corrections, by one and by two people
`references.jsonl` `mine.jsonl` `others.jsonl` `export.json`   the same for scoring, and as Label Studio exports them
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from motion2language import writers
from motion2language.data import annotation_exports, composing
from motion2language.data.clips import find_clips
from motion2language.data.labelled.form import write_source
from motion2language.data.synthesis import own_takes
from motion2language.data.synthesis.recording import make_recording
from motion2language.files import make_folder, write_text
from motion2language.formats import gltf_writing
from motion2language.formats.reading import read_motion
from motion2language.motion import Motion
from motion2language.transcript import CORRECTED_ENDING, Segment, TimedWord, Transcript
from motion2language.writers import json as transcript_json

SIZES = {"train": 24, "val": 6, "test": 6}  # motions of the benchmark
CORRECTED = 10  # takes
LABELS = {"walk": "walk", "kick": "kick_left", "clap": "clap", "jump": "jump", "bow": "bow"}  # of people/
#: Label, words, start and end, in seconds, of what the second sample shows; as labelled-recordings.md has it.
SAMPLE = (("walk", "walks a few steps", 0.0, 4.7), ("bow", "bows", 4.7, 8.8))
WHEN = "2026-01-02T03:04:05Z"  # of corrections
_SEED = 12  # of no other recordings
PHRASES = """# How each label is said, after who does it.
subjects = ["a person", "someone"]
connectives = ["and", "then"]

[actions.hoop]
verb = "spin"
phrases = ["spins a hoop around the waist"]

[actions.walk]
verb = "walk"
cut = true
phrases = ["walks", "walks a few steps"]

[actions.clap]
verb = "clap"
phrases = ["claps the hands", "claps"]
"""
WORDS = {"hoop": own_takes.PHRASE, "walk": "walks a few steps", "clap": "claps the hands"}
SENTENCES = (
    "a person walkes foward\na person claps the hands\nsomeone turns to the rigth\na person walks two steps\n"
    "a person spins arround\na person waves with the left hand\n"
)


@dataclass(frozen=True)
class _Take:
    """A take as it is told about: its name, label, and what is true of it."""

    name: str
    label: str
    truth: Transcript


def write_toy(
    out: Path, samples: Sequence[Path], step: Callable[[str, int], object] = lambda stage, total: None
) -> None:
    """Write the set into a folder, which must be new or empty.

    samples  shipped recordings: the first two are copied, the third is written as glTF
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out}: is there already; name a new folder")
    parts: list[Callable[[Path], None]] = [_write_takes, _write_benchmark, _write_people, _write_transcripts]
    make_folder(out)
    shutil.copyfile(samples[1], out / "take.bvh")
    shutil.copyfile(samples[0], out / "other.bvh")
    gltf_writing.write(read_motion(samples[2]), out / "character.glb")
    for part in parts:
        step("writing", len(parts))
        part(out)


def _write_takes(out: Path) -> None:
    own_takes.write(out / "takes")
    rows = [line.split(",")[:2] for line in (out / "takes" / "labels.csv").read_text(encoding="utf-8").splitlines()]
    write_text(out / "labels.csv", "".join(f"{file},{label}\n" for file, label in rows))
    write_text(out / "mine.toml", PHRASES)
    write_text(out / "captions.txt", SENTENCES)
    entries = {
        file: {
            "path": f"takes/{file}",
            "duration": round(read_motion(out / "takes" / f"{file}.bvh").duration, 3),
            "annotations": [{"text": f"A person {WORDS[label]}."}],
        }
        for file, label in rows[1:]
    }
    write_text(out / "annotations.json", json.dumps(entries, indent=1) + "\n")


def _write_benchmark(out: Path) -> None:
    clips = find_clips(out / "takes", out / "labels.csv")
    phrases = composing.load_phrases(out / "mine.toml")
    composing.write(out / "bench", clips, phrases, composing.RECIPE, SIZES, _SEED, 10.0)


def _write_people(out: Path) -> None:
    make_folder(out / "people")
    clips: list[dict[str, Any]] = []
    motions: list[Motion] = []
    for person, name in enumerate(own_takes.PEOPLE):
        for number, (label, action) in enumerate(LABELS.items()):
            motions.append(make_recording([_SEED, person, number], (action,), 20.0).motion)
            clips.append({"id": f"{name}_{label}", "label": label, "subject": name})
    write_source(out / "people" / "toy.npz", {"source": "toy", "licence": "MIT, synthetic"}, clips, motions)


def _write_transcripts(out: Path) -> None:
    takes = [_read_take(path) for path in sorted((out / "takes").glob("*.bvh"))]
    takes = takes[:: max(1, len(takes) // CORRECTED)][:CORRECTED]
    guesses = [_mistaken(take) if number % 3 == 0 else take.truth for number, take in enumerate(takes)]
    for folder in ("described", "corrected", "ann", "bob"):
        make_folder(out / folder)
    for take, guess in zip(takes, guesses, strict=True):
        writers.write(guess, out / "described" / f"{take.name}.json")
        for person, shift in (("ann", 0.0), ("bob", 0.3)):
            corrected = _correction(_shifted(take.truth, shift), guess, person, f"../takes/{take.name}.bvh")
            write_text(out / person / f"{take.name}{CORRECTED_ENDING}", corrected)
        shutil.copyfile(
            out / "ann" / f"{take.name}{CORRECTED_ENDING}", out / "corrected" / f"{take.name}{CORRECTED_ENDING}"
        )
    writers.write(_of_the_sample(), out / "described" / "take.json")
    write_text(out / "references.jsonl", transcript_json.lines([take.truth for take in takes]))
    write_text(out / "mine.jsonl", transcript_json.lines(guesses))
    write_text(out / "others.jsonl", transcript_json.lines([_shifted(take.truth, 0.3) for take in takes]))
    write_text(out / "export.json", _export([_shifted(take.truth, 0.1) for take in takes]))


def _read_take(path: Path) -> _Take:
    motion = read_motion(path)
    label = path.stem.split("_")[1]
    return _Take(path.stem, label, _said(path.name, motion.duration, label, WORDS[label], 0.2, motion.duration - 0.2))


def _said(source: str, duration: float, label: str, words: str, start: float, end: float) -> Transcript:
    """A transcript of one segment, "a person" and the words, at even times."""
    text = f"a person {words}".split()
    times = np.linspace(start, end, len(text) + 2)[1:-1].round(3)
    timed = tuple(TimedWord(word, float(time), start, end) for word, time in zip(text, times, strict=True))
    return Transcript((Segment(start, end, label, timed),), duration, source, "toy")


def _of_the_sample() -> Transcript:
    """What take.bvh shows, the second sample."""
    walk, bow = (_said("take.bvh", 8.8, *part).segments[0] for part in SAMPLE)
    return Transcript((walk, replace(bow, words=bow.words[2:])), 8.8, "take.bvh", "toy")


def _mistaken(take: _Take) -> Transcript:
    """What a model might say that takes the action for another and starts late."""
    (segment,) = take.truth.segments
    wrong = "clap" if take.label != "clap" else "walk"
    return _said(take.truth.source, take.truth.duration, wrong, WORDS[wrong], segment.start + 0.3, segment.end)


def _shifted(transcript: Transcript, seconds: float) -> Transcript:
    """The transcript with its segment ending earlier, as another person may mark it."""
    (segment,) = transcript.segments
    end = segment.end - seconds
    words = tuple(replace(word, time=min(word.time, end), end=end) for word in segment.words)
    return replace(transcript, segments=(replace(segment, end=end, words=words),))


def _correction(truth: Transcript, guess: Transcript, person: str, way: str) -> str:
    """The file that `m2l view --edit` writes once somebody has checked everything."""
    stamp = {"by": person, "when": WHEN}
    data = truth.to_dict()
    data["segments"] = [segment | {"made": stamp, "checked": stamp} for segment in data["segments"]]
    about = {"version": 1, "person": person, "saved": WHEN, "original": guess.to_dict()}
    return json.dumps(data | {"path": way, "correction": about}, ensure_ascii=False, indent=1) + "\n"


def _export(transcripts: Sequence[Transcript]) -> str:
    """Tasks as Label Studio exports them: the regions under annotations, with who made them."""
    tasks = json.loads(annotation_exports.to_tasks(transcripts))
    for task in tasks:
        (guess,) = task.pop("predictions")
        task["annotations"] = [{"id": task["id"], "completed_by": {"email": "ann"}, "result": guess["result"]}]
    return json.dumps(tasks, ensure_ascii=False, indent=1) + "\n"

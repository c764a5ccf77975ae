"""The files of scoring: a run's folder, and references and transcripts as JSON lines or folders."""

from __future__ import annotations

import csv
import io
import json
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from motion2language.files import make_folder, read_text, write_text
from motion2language.scoring.reference import Reference
from motion2language.scoring.score import Scores
from motion2language.transcript import SCHEMA, SLACK, Transcript


def write_run(
    out: Path,
    scores: Scores,
    transcripts: Sequence[Transcript],
    references: Sequence[Reference] = (),
    rows: Sequence[dict[str, Any]] = (),
) -> None:
    """Write `scores.json`, `transcripts.jsonl`, `references.jsonl` (one per line) and `clips.csv` into a folder."""
    out = Path(out)
    make_folder(out)
    write_text(out / "scores.json", json.dumps(scores.to_dict(), indent=1) + "\n")
    for name, items in (("transcripts", transcripts), ("references", references)):
        lines = [json.dumps(item.to_dict(), ensure_ascii=False) for item in items]
        write_text(out / f"{name}.jsonl", "".join(f"{line}\n" for line in lines))
    if rows:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_text(out / "clips.csv", text.getvalue())


def read_rows(run: Path) -> list[dict[str, Any]]:
    """The clips' rows that `write_run` wrote."""
    path = Path(run) / "clips.csv" if Path(run).is_dir() else Path(run)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not found; give a folder that m2l evaluate or m2l score wrote with --out")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return [{"name": row.pop("name")} | {key: float(value) for key, value in row.items() if value} for row in rows]
    except (KeyError, ValueError, TypeError, csv.Error) as error:
        raise ValueError(f"{path}: not the clips of a run ({type(error).__name__}: {error})") from None


def read_notes(run: Path) -> dict[str, str]:
    """What a run's semantic measures depend on, such as BERTScore's model; {} without `scores.json`."""
    path = Path(run) / "scores.json"
    if not path.is_file():
        return {}
    try:
        notes = json.loads(path.read_text(encoding="utf-8")).get("semantic", {})
    except (AttributeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not the scores of a run ({type(error).__name__}: {error})") from None
    return notes if isinstance(notes, dict) else {}


def require_same_references(first: Path, second: Path) -> None:
    """ValueError when the references that two runs wrote beside their scores differ for a clip."""
    files = [Path(run) / "references.jsonl" for run in (first, second)]
    if not all(file.is_file() for file in files):
        return
    own, others = ({reference.name: reference.to_dict() for reference in read_references(file)} for file in files)
    shared = own.keys() & others.keys()
    differing = sorted(name for name in shared if own[name] != others[name])
    if differing:
        raise ValueError(
            f"{first} and {second} have different references: {len(differing)} of {len(shared)} clips differ, "
            f"such as {differing[0]!r}; score both on the same"
        )


def read_references(path: Path) -> list[Reference]:
    """References from a file of JSON lines, or from a folder of transcripts; names must be unique."""
    return _unique(path, [_parse(where, Reference.from_dict, data) for where, data in _objects(Path(path))])


def read_transcripts(path: Path) -> list[Transcript]:
    """Transcripts from a file of JSON lines, or from a folder of them; names must be unique."""
    return _unique(path, [_parse(where, Transcript.from_dict, data) for where, data in _objects(Path(path))])


def _parse(where: str, from_dict: Any, data: Any) -> Any:
    """`from_dict` of a JSON object. Other programs may leave fields out: `source` and a sentence are enough, or
    `source`, `duration` and segments with start and end."""
    try:
        return from_dict(_with_defaults(data) if isinstance(data, dict) else data)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _with_defaults(data: dict[str, Any]) -> dict[str, Any]:
    """A transcript's JSON form with the fields it leaves out."""
    segments = data.get("segments") or []
    if isinstance(segments, list) and all(isinstance(segment, dict) for segment in segments):
        segments = [{"label": None, "words": []} | segment for segment in segments]
    least = {"schema": SCHEMA, "model": ""} | ({} if segments else {"duration": 0.0})
    return least | data | {"segments": segments}


def _objects(path: Path) -> list[tuple[str, Any]]:
    """Each JSON object in a file of lines or a folder of files, with its file or line for messages."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: not found; expected a file of JSON lines or a folder of .json transcripts")
    expected = "transcripts as JSON"
    if path.is_dir():
        texts = [(str(file), read_text(file, expected)) for file in sorted(path.glob("*.json"))]
    else:
        lines = read_text(path, expected).split("\n")
        texts = [(f"{path}, line {number}", line) for number, line in enumerate(lines, 1) if line.strip()]
    if not texts:
        raise ValueError(
            f"{path}: contains no transcripts; give a folder of them, or one that m2l evaluate or m2l score wrote"
        )
    objects = []
    for where, text in texts:
        try:
            objects.append((where, json.loads(text)))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{where}: not JSON ({error})") from None
    return objects


def _unique(path: Path, items: list[Any]) -> list[Any]:
    names = Counter(str(getattr(item, "name", None) or getattr(item, "source", "")) for item in items)
    repeated = sorted(name for name, count in names.items() if count > 1)
    if repeated:
        raise ValueError(f"{path}: {len(repeated)} names appear more than once, such as {repeated[0]!r}")
    return items


def join_transcripts(references: Sequence[Reference], transcripts: Sequence[Transcript]) -> list[Transcript]:
    """A transcript for each reference, in their order, joined by name and `source`; a missing one is empty.

    Warns of missing, surplus, empty, untimed and unlabelled ones, with their number. ValueError when none matches.
    """
    known = {transcript.source: transcript for transcript in transcripts}
    missing = [reference.name for reference in references if reference.name not in known]
    surplus = len(transcripts) + len(missing) - len(references)
    if len(missing) == len(references):
        raise ValueError(f"no hypothesis matches a reference, such as {missing[0]!r}; they are joined by `source`")
    pairs = [(reference, known[reference.name]) for reference in references if reference.name in known]
    names: dict[str, list[str]] = {
        "references without a hypothesis score 0": missing,
        f"hypotheses differ from their reference in duration by more than {SLACK:g} s": [
            own.name for own, other in pairs if other.segments and abs(own.duration - other.duration) > SLACK
        ],
        "hypotheses have neither a sentence under text nor segments, and score 0": [
            own.name for own, other in pairs if not (other.text or other.segments)
        ],
        "hypotheses are sentences alone, whose segments score 0": [
            own.name for own, other in pairs if other.text and own.segments and not other.segments
        ],
        "references have segments without a label, which no segment matches": [
            own.name for own in references if any(part.label is None for part in own.segments)
        ],
    }
    for problem, clips in names.items():
        if clips:
            warnings.warn(f"{len(clips)} {problem}, such as {clips[0]!r}", stacklevel=2)
    if surplus:
        warnings.warn(f"{surplus} hypotheses without a reference are left out", stacklevel=2)
    return [known.get(own.name, Transcript((), own.duration, own.name)) for own in references]


def read_comparable_rows(first: Path, second: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of two runs on the same references; a measure that depends on another model in each is left out of the
    first's. Warns of such measures, and of clips that only one run has."""
    require_same_references(first, second)
    rows, others = read_rows(first), read_rows(second)
    notes, other_notes = read_notes(first), read_notes(second)
    for measure in notes.keys() & other_notes.keys():
        if notes[measure] != other_notes[measure]:
            warnings.warn(f"{measure} left out: {notes[measure]} against {other_notes[measure]}", stacklevel=2)
            rows = [{key: row[key] for key in row if not key.startswith(measure)} for row in rows]
    for run, mine, theirs in ((first, rows, others), (second, others, rows)):
        if alone := sorted({row["name"] for row in mine} - {row["name"] for row in theirs}):
            warnings.warn(
                f"{len(alone)} of {len(mine)} clips of {run} are left out, such as {alone[0]!r}", stacklevel=2
            )
    return rows, others

"""What scoring leaves and finds on disk: a run's folder, references and transcripts as JSON lines or folders."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from motion2language.files import write_text
from motion2language.scoring.reference import Reference
from motion2language.transcript import SCHEMA, Transcript


def write(
    out: Path,
    scores: dict[str, Any],
    transcripts: Sequence[Transcript],
    references: Sequence[Reference] = (),
    rows: Sequence[dict[str, Any]] = (),
) -> None:
    """Write `scores.json`, `transcripts.jsonl`, `references.jsonl` (one a line) and `clips.csv` into a folder."""
    out = Path(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{out}: cannot be made ({error.strerror}); choose another --out") from None
    write_text(out / "scores.json", json.dumps(scores, indent=1) + "\n")
    for name, some in (("transcripts", transcripts), ("references", references)):
        lines = [json.dumps(one.to_dict(), ensure_ascii=False) for one in some]
        write_text(out / f"{name}.jsonl", "".join(f"{line}\n" for line in lines))
    if rows:
        text = io.StringIO()
        writer = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_text(out / "clips.csv", text.getvalue())


def read_rows(run: Path) -> list[dict[str, Any]]:
    """The clips' rows that `write` put into a folder."""
    path = Path(run) / "clips.csv" if Path(run).is_dir() else Path(run)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: not there; give a folder that m2l evaluate or m2l score wrote with --out")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        return [{"name": row.pop("name")} | {key: float(value) for key, value in row.items() if value} for row in rows]
    except (KeyError, ValueError, TypeError, csv.Error) as error:
        raise ValueError(f"{path}: not the clips of a run ({type(error).__name__}: {error})") from None


def read_notes(run: Path) -> dict[str, str]:
    """What a run's measures of sentences depend on, such as BERTScore's model; nothing without `scores.json`."""
    path = Path(run) / "scores.json"
    if not path.is_file():
        return {}
    try:
        notes = json.loads(path.read_text(encoding="utf-8")).get("semantic", {})
    except (AttributeError, ValueError) as error:
        raise ValueError(f"{path}: not the scores of a run ({type(error).__name__}: {error})") from None
    return notes if isinstance(notes, dict) else {}


def require_same_references(first: Path, second: Path) -> None:
    """ValueError where the references that two runs wrote beside their scores differ in what they say of a clip."""
    files = [Path(run) / "references.jsonl" for run in (first, second)]
    if not all(file.is_file() for file in files):
        return
    one, other = ({found.name: found.to_dict() for found in read_references(file)} for file in files)
    shared = one.keys() & other.keys()
    differing = sorted(name for name in shared if one[name] != other[name])
    if differing:
        raise ValueError(
            f"{first} and {second} were scored on other references: {len(differing)} of {len(shared)} clips differ, "
            f"such as {differing[0]!r}; score both on the same"
        )


def read_references(path: Path) -> list[Reference]:
    """References from a file of JSON lines, or from a folder of transcripts; names must be unique."""
    return _unique(path, [_of(place, Reference.from_dict, data) for place, data in _objects(Path(path))])


def read_transcripts(path: Path) -> list[Transcript]:
    """Transcripts from a file of JSON lines, or from a folder of them; names must be unique."""
    return _unique(path, [_of(place, Transcript.from_dict, data) for place, data in _objects(Path(path))])


def _of(place: str, make: Any, data: Any) -> Any:
    """What `make` makes of an object, of which other programs need not write all: `source` and a sentence do, or
    `source`, `duration` and segments, each with start and end."""
    try:
        return make(_whole(data) if isinstance(data, dict) else data)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None


def _whole(data: dict[str, Any]) -> dict[str, Any]:
    """A transcript's JSON form with what it leaves out."""
    segments = data.get("segments") or []
    if isinstance(segments, list) and all(isinstance(one, dict) for one in segments):
        segments = [{"label": None, "words": []} | one for one in segments]
    least = {"schema": SCHEMA, "model": ""} | ({} if segments else {"duration": 0.0})
    return least | data | {"segments": segments}


def _objects(path: Path) -> list[tuple[str, Any]]:
    """(place, object) of each JSON object in a file of lines or a folder of files."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: not there; expected a file of JSON lines or a folder of .json transcripts")
    try:
        if path.is_dir():
            texts = [(str(file), file.read_text(encoding="utf-8-sig")) for file in sorted(path.glob("*.json"))]
        else:
            lines = path.read_text(encoding="utf-8-sig").split("\n")
            texts = [(f"{path}, line {number}", line) for number, line in enumerate(lines, 1) if line.strip()]
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not text in UTF-8; expected transcripts as JSON") from None
    if not texts:
        raise ValueError(f"{path}: no transcripts in it")
    found = []
    for place, text in texts:
        try:
            found.append((place, json.loads(text)))
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f"{place}: not JSON ({error})") from None
    return found


def _unique(path: Path, found: list[Any]) -> list[Any]:
    names = [str(getattr(one, "name", None) or getattr(one, "source", "")) for one in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{path}: {len(twice)} names stand there more than once, such as {twice[0]!r}")
    return found

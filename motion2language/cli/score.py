"""m2l score and m2l compare: transcripts against references, whoever made them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from motion2language.cli.options import Meaning, complain, make_folder

if TYPE_CHECKING:
    from motion2language.scoring import Reference
    from motion2language.scoring.semantic import Semantic
    from motion2language.transcript import Transcript


def score(
    *,
    references: Path,
    hypotheses: Path | None = None,
    out: Path | None = None,
    fps: float | None = None,
    meaning: Meaning = Meaning(),
) -> int:
    """Score transcripts against references, floors that see no motion beside them.

    Parameters
    ----------
    references
        A file of JSON lines or a folder of transcripts, with "captions" where there are several sentences.
    hypotheses
        The same for what is scored, joined by `source`, the sentence of each under "text" where it has no segments;
        without it only the floors are printed.
    out
        Folder for scores.json, clips.csv and the transcripts.
    fps
        Count times in whole frames, so many a second, as the paper's code does with 10; without it exactly.
    """
    from motion2language import scoring
    from motion2language.language.actions import ActionLexicon

    if hypotheses is None and out is not None:
        raise ValueError(f"--out {out}: floors alone are only printed; give --hypotheses, too, or leave --out out")
    if fps is not None and not 0 < fps < math.inf:
        raise ValueError(f"--fps {fps:g}: give frames a second, more than 0, such as 10")
    wanted = scoring.read_references(references)
    semantic = meaning.load()
    found = None if hypotheses is None else _joined(wanted, scoring.read_transcripts(hypotheses))
    if fps is not None:
        wanted = [scoring.in_frames(one, fps) for one in wanted]
    if found is None:
        print(scoring.tables(_floors(wanted, semantic, fps)))
        return 0
    if fps is not None:
        found = [scoring.in_frames(one, fps) for one in found]
    if out is not None:
        make_folder(out)
    lexicon = ActionLexicon.learn([caption for one in wanted for caption in one.captions])
    scores, rows = scoring.score(wanted, found, lexicon, semantic=semantic, fps=fps)
    try:  # whatever keeps one of the two from being done, a full disk or a closed pipe, the other is
        if out is not None:
            scoring.write(out, scores, found, wanted, rows)
    finally:
        print(scoring.tables(scores))
    return 0


def compare(
    first: Path,
    second: Path,
    /,
    *,
    curves: Path | None = None,
    also: Annotated[list[Path] | None, Parameter(negative="")] = None,
) -> int:
    """Compare two runs on the same clips: differences with intervals, and how likely they are by chance.

    Parameters
    ----------
    first
        Folder that m2l evaluate or m2l score wrote with --out.
    second
        Another of the same references.
    curves
        Picture to draw (.png, .svg, .pdf): the share of segments at or above each overlap, floors beneath.
    also
        Further folders whose curves are drawn; once for each.
    """
    from motion2language import scoring

    if also and curves is None:
        raise ValueError("--also is for the picture of --curves; give that, too")
    scoring.require_same_references(first, second)
    mine, others = _alike(first, second), scoring.read_rows(second)
    rows = scoring.compare(mine, others)
    for run, own, other in ((first, mine, others), (second, others, mine)):
        if alone := sorted({row["name"] for row in own} - {row["name"] for row in other}):
            complain(ValueError(f"note: {len(alone)} of {len(own)} clips of {run} are left out, such as {alone[0]!r}"))
    names = (first.name, second.name) if first.name != second.name else (str(first), str(second))
    print(scoring.comparison_table(rows, names))
    if curves is not None:
        from motion2language.scoring.segments import THRESHOLDS
        from motion2language.viewer.render import draw_curves

        draw_curves(THRESHOLDS, *scoring.curves([first, second, *(also or ())]), curves)
        print(f"wrote {curves}")
    return 0


def _floors(references: list[Reference], semantic: Semantic | None, fps: float | None) -> dict[str, Any]:
    """The floors of sentences and of segments, as far as the references have either."""
    from motion2language import scoring

    told = [one.captions for one in references if one.captions]
    timed = [one for one in references if one.segments]
    found = scoring.text_floors(told, semantic) | (scoring.floors(timed, fps=fps) if timed else {})
    if not found.keys() - {"semantic"}:
        raise ValueError("the references hold neither segments nor two clips with sentences; give --hypotheses")
    return found


def _alike(first: Path, second: Path) -> list[dict[str, Any]]:
    """The first run's rows without what the second measured by another model; each such measure is complained of."""
    from motion2language import scoring

    rows, notes, others = scoring.read_rows(first), scoring.read_notes(first), scoring.read_notes(second)
    for measure in notes.keys() & others.keys():
        if notes[measure] != others[measure]:
            complain(ValueError(f"note: {measure} left out: of {notes[measure]} against {others[measure]}"))
            rows = [{key: row[key] for key in row if not key.startswith(measure)} for row in rows]
    return rows


def _joined(references: list[Reference], transcripts: list[Transcript]) -> list[Transcript]:
    """A transcript for each reference, in their order; one that is missing says nothing."""
    from motion2language.transcript import SLACK, Transcript

    known = {one.source: one for one in transcripts}
    missing = [one.name for one in references if one.name not in known]
    further = len(transcripts) + len(missing) - len(references)
    if len(missing) == len(references):
        raise ValueError(f"no hypothesis is of a reference, such as {missing[0]!r}; they are joined by `source`")
    joined = [(one, known[one.name]) for one in references if one.name in known]
    longer = [one.name for one, said in joined if said.segments and abs(one.duration - said.duration) > SLACK]
    silent = [one.name for one, said in joined if not (said.text or said.segments)]
    untimed = [one.name for one, said in joined if said.text and one.segments and not said.segments]
    bare = [one.name for one in references if any(part.label is None for part in one.segments)]
    for some, what in (
        (missing, "references without a hypothesis score 0"),
        (longer, f"hypotheses are of another duration than their reference, by more than {SLACK:g} s"),
        (silent, "hypotheses have neither a sentence under text nor segments, and score 0"),
        (untimed, "hypotheses are sentences alone, whose segments score 0"),
        (bare, "references have segments without a label, which no segment matches"),
    ):
        if some:
            complain(ValueError(f"note: {len(some)} {what}, such as {some[0]!r}"))
    if further:
        complain(ValueError(f"note: {further} hypotheses without a reference are left out"))
    return [known.get(one.name, Transcript((), one.duration, one.name)) for one in references]

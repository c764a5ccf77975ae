"""m2l score and m2l compare: transcripts against references, whoever made them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from motion2language.cli.options import ModelName, SemanticOptions, require_place
from motion2language.cli.written import OptionalOut, show_written

if TYPE_CHECKING:
    from motion2language.scoring.reference import Reference
    from motion2language.transcript import Transcript

SAME = 0.25  # seconds by which transcripts of one recording may differ in duration: a frame of a slow one; chosen


def score(
    model: ModelName | None = None,
    corrected: Path | None = None,
    /,
    *,
    references: Path | None = None,
    hypotheses: Path | None = None,
    motions: Path | None = None,
    out: OptionalOut = None,
    fps: float | None = None,
    full: Annotated[bool, Parameter(negative="")] = False,
    semantic: SemanticOptions = SemanticOptions(),
) -> int:
    """Score transcripts against references, beside baselines that ignore the motion.

    Or score a model against corrected transcripts: m2l score default corrected.

    Parameters
    ----------
    model
        A model that describes the recordings again.
    corrected
        Folder of transcripts corrected by m2l view --edit, which lead to their recordings. Those that somebody checked
        to the end are the references.
    references
        A file of JSON lines or a folder of transcripts, with "captions" for several sentences.
    hypotheses
        The same for what is scored, joined by `source`; a sentence alone goes under "text". Without it only the
        baselines are printed.
    motions
        Folder of the recordings, named as `source` says: words that measured facts deny are counted too.
    out
        Folder for scores.json, clips.csv and the transcripts.
    fps
        Count times in whole frames at this frame rate, as the paper's code does with 10; without it exactly.
    full
        Of a model: print all tables instead of the main scores.
    semantic
        Semantic measures of the sentences.
    """
    from motion2language.files import make_folder
    from motion2language.language.actions import ActionLexicon
    from motion2language.scoring import files, tables
    from motion2language.scoring.frames import in_frames
    from motion2language.scoring.score import score as compute_scores
    from motion2language.scoring.score import score_baselines

    if model is not None:
        return _score_model(model, corrected, references or hypotheses or motions or fps, out, full, semantic)
    if references is None:
        raise ValueError("of what? give --references, or a model and a folder of corrected transcripts")
    if hypotheses is None and out is not None:
        raise ValueError(f"--out {out}: baselines alone are only printed; add --hypotheses or drop --out")
    if hypotheses is None and motions is not None:
        raise ValueError(f"--motions {motions}: they need sentences to be checked; add --hypotheses")
    if fps is not None and not 0 < fps < math.inf:
        raise ValueError(f"--fps {fps:g}: give frames per second, more than 0, such as 10")
    truth = files.read_references(references)
    measures = semantic.load()
    transcripts = None if hypotheses is None else files.join_transcripts(truth, files.read_transcripts(hypotheses))
    denied = {} if transcripts is None or motions is None else _count_denied(motions, truth, transcripts)
    if fps is not None:
        truth = [in_frames(reference, fps) for reference in truth]
    if transcripts is None:
        print(tables.tables(score_baselines(truth, semantic=measures, fps=fps)))
        return 0
    if fps is not None:
        transcripts = [in_frames(transcript, fps) for transcript in transcripts]
    if out is not None:
        make_folder(out)
    lexicon = ActionLexicon.learn([caption for reference in truth for caption in reference.captions])
    scores, rows = compute_scores(truth, transcripts, lexicon, semantic=measures, fps=fps)
    scores = replace(scores, contradictions=denied)
    try:  # a full disk must not keep the scores from being printed, nor a closed pipe keep them from the disk
        if out is not None:
            files.write_run(out, scores, transcripts, truth, rows)
    finally:
        print(tables.tables(scores))
    if out is not None:
        show_written(out)
    return 0


def _count_denied(folder: Path, references: Sequence[Reference], transcripts: Sequence[Transcript]) -> dict[str, float]:
    """Words that the facts of the recordings in a folder deny; ValueError names a recording that is not there."""
    from motion2language.formats.reading import ReadOptions, read_with_axes
    from motion2language.scoring.contradictions import count_contradictions, measure_segments

    files = {path.name: path for path in sorted(folder.rglob("*")) if path.is_file()}
    missing = [reference.name for reference in references if Path(reference.name).name not in files]
    if missing:
        raise ValueError(
            f"--motions {folder}: no recording {missing[0]!r}; {len(missing)} of {len(references)} are missing"
        )
    motions = [read_with_axes(files[Path(each.name).name], ReadOptions())[0] for each in references]
    return count_contradictions(references, motions, measure_segments(transcripts, references, motions))


def _score_model(
    model: str, corrected: Path | None, others: object, out: Path | None, full: bool, semantic: SemanticOptions
) -> int:
    """Describe the recordings of corrected transcripts with a model, and print the scores."""
    from motion2language.captioning.recordings import load_captioner
    from motion2language.data.labelled.corrected import read_samples
    from motion2language.formats.reading import ReadOptions, read_with_axes
    from motion2language.scoring import files, tables
    from motion2language.scoring.evaluate import evaluate
    from motion2language.scoring.headlines import headlines

    if others is not None:
        raise ValueError(
            "a model is scored against corrected transcripts; drop --references, --hypotheses, --motions and --fps"
        )
    if corrected is None:
        raise ValueError(f"{model}: add the folder of corrected transcripts that it is scored against")
    if out is not None:
        require_place(out)
    measures, captioner = semantic.load(), load_captioner(model, "auto")
    samples = read_samples(corrected, lambda path, take: read_with_axes(path, ReadOptions(take=take))[0])
    evaluation = evaluate(captioner, samples, semantic=measures)
    try:  # a full disk must not keep the scores from being printed, nor a closed pipe keep them from the disk
        if out is not None:
            files.write_run(out, *evaluation)
    finally:
        print(tables.tables(evaluation.scores) if full else headlines(evaluation.scores))
    if out is not None:
        show_written(out)
    return 0


def compare(
    first: Path,
    second: Path,
    /,
    *,
    curves: Path | None = None,
    also: Annotated[list[Path] | None, Parameter(negative="")] = None,
    out: OptionalOut = None,
    truth: Path | None = None,
) -> int:
    """Compare two runs on the same clips: differences, their intervals, and how likely they are by chance.

    Of two transcripts (.json) of one recording it draws their segments as time lines instead. Of two folders of
    transcripts, such as two people's corrections, it prints their agreement.

    Parameters
    ----------
    first
        Folder that m2l evaluate or m2l score wrote with --out; or a transcript; or a folder of transcripts.
    second
        Another such folder, with the same references; or another transcript of the same recording; or another folder
        of transcripts.
    curves
        Picture to draw (.png, .svg, .pdf): the share of segments at or above each overlap, with the baselines.
    also
        Further folders whose curves are drawn, or further transcripts; may be repeated.
    out
        Picture of the time lines (.png, .svg, .pdf).
    truth
        Transcript whose segments are right; drawn above the others.
    """
    if first.suffix == ".json" or second.suffix == ".json":
        transcripts = _read_named([first, second, *(also or ())], {"truth"} if truth else set())
        if curves is not None:
            raise ValueError("--curves is for runs, which are folders; transcripts are drawn with --out")
        if out is None:
            raise ValueError("transcripts are drawn as time lines: name the picture with --out")
        return _draw_timelines(transcripts, truth, out)
    if all(folder.is_dir() and not (folder / "clips.csv").exists() for folder in (first, second)):
        if any((curves, also, out, truth)):
            raise ValueError("folders of transcripts have no pictures; drop --curves, --also, --out and --truth")
        return _print_agreement(first, second)
    from motion2language.scoring.files import read_comparable_rows
    from motion2language.scoring.score import compare as compare_rows
    from motion2language.scoring.tables import comparison_in_words, comparison_table

    if out is not None or truth is not None:
        raise ValueError("--out and --truth are for the time lines of two transcripts (.json); these are folders")
    if also and curves is None:
        raise ValueError("--also is for the picture of --curves; add --curves")
    rows = compare_rows(*read_comparable_rows(first, second))
    names = (first.name, second.name) if first.name != second.name else (str(first), str(second))
    print(comparison_table(rows, names))
    print(f"\n{comparison_in_words(rows, names)}")
    if curves is not None:
        from motion2language.scoring.curves import curves as compute_curves
        from motion2language.scoring.segments import THRESHOLDS
        from motion2language.viewer.render import draw_curves

        draw_curves(THRESHOLDS, *compute_curves([first, second, *(also or ())]), curves)
        show_written(curves)
    return 0


def _print_agreement(first: Path, second: Path) -> int:
    from motion2language.scoring.agreement import agreement
    from motion2language.scoring.files import read_transcripts

    found = agreement(read_transcripts(first), read_transcripts(second))
    print(f"{found.recordings} recording{'' if found.recordings == 1 else 's'} in both")
    for tolerance, value in found.boundary_f1.items():
        print(f"boundaries within {tolerance:g} s: F1 {'none given' if value is None else f'{value:.3f}'}")
    print(f"labels: the same {100 * found.same:.1f} % of the time", end="")
    print(
        "; kappa is not defined, since both give one label alone"
        if found.kappa is None
        else f", kappa {found.kappa:.3f}"
    )
    return 0


def _read_named(paths: list[Path], taken: set[str]) -> dict[str, Transcript]:
    """Transcripts by the shortest names that tell their files apart, and from the names that are taken."""
    from motion2language.writers import json as transcript_json

    for path in paths:
        if path.is_dir():
            raise ValueError(f"{path}: a folder beside a transcript; give transcripts (.json) alone, or two folders")
        if not path.exists():
            raise FileNotFoundError(f"{path}: not found; expected a transcript (.json)")
    if twice := next((path for path in paths if paths.count(path) > 1), None):
        raise ValueError(f"{twice}: given twice; name different transcripts")
    ways = [path.stem for path in paths], [path.absolute().parent.name for path in paths], list(map(str, paths))
    names = next(names for names in ways if len({*names, *taken}) == len(paths) + len(taken))
    return dict(zip(names, map(transcript_json.read, paths), strict=True))


def _draw_timelines(transcripts: dict[str, Transcript], truth: Path | None, out: Path) -> int:
    from motion2language.viewer.render import draw_timelines
    from motion2language.writers import json as transcript_json

    right = None if truth is None else transcript_json.read(truth)
    durations = [(each.duration, name) for name, each in transcripts.items()]
    durations += [] if right is None else [(right.duration, "truth")]
    (least, short), (most, long) = min(durations), max(durations)
    if most - least > SAME:
        warnings.warn(
            f"{short} lasts {least:.2f} s and {long} {most:.2f} s: they may be of different recordings", stacklevel=2
        )
    draw_timelines(transcripts, out, right)
    show_written(out)
    return 0

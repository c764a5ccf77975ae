"""One table of a suite: mean ± standard deviation over seeds, baselines beneath; as Markdown, LaTeX and CSV.

A row without runs has a note with the reason. Segment scores follow the strict protocol (every clip counts, a verb that
the caption lacks scores 0), except those called paper's, which omit clips.
"""

from __future__ import annotations

import csv
import io
import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from motion2language.files import write_text
from motion2language.scoring.baselines import BASELINES
from motion2language.training.reproduce.runs import folder_of
from motion2language.training.reproduce.suite import Row

#: Column -> path of its value in test.json, decimals. `rule`: segments by the paper's rule; `refined`: boundaries.py.
COLUMNS: dict[str, tuple[tuple[str, str, str], int]] = {
    "BLEU-4": (("rule", "captions", "bleu_4"), 1),
    "BLEU-1": (("rule", "captions", "bleu_1"), 1),
    "ROUGE-L": (("rule", "captions", "rouge_l"), 1),
    "CIDEr": (("rule", "captions", "cider"), 2),
    "paper's BLEU-4": (("rule", "captions (paper)", "bleu_4"), 1),
    "METEOR": (("rule", "captions", "meteor"), 1),
    "BERTScore": (("rule", "captions", "bertscore"), 1),
    "cosine": (("rule", "captions", "cosine"), 3),
    "verbs exact": (("rule", "model", "verbs_exact/all"), 3),
    "Element-of": (("rule", "model", "element_of/strict/all"), 3),
    "IoU, rule": (("rule", "model", "iou/strict/all"), 3),
    "IoU, refined": (("refined", "model", "iou/strict/all"), 3),
    "paper's Element-of": (("rule", "model", "element_of/paper/all"), 3),
    "paper's IoU, rule": (("rule", "model", "iou/paper/all"), 3),
    "left out": (("rule", "model", "left_out/paper/all"), 0),
}
OF_SENTENCES = ("BLEU-1", "ROUGE-L", "CIDEr", "paper's BLEU-4")  # shown when no segments are scored
SEMANTIC = ("METEOR", "BERTScore", "cosine")  # of runs scored with --semantic
#: Baselines of segments are given the verbs, write no sentence and have one rule.
NOT_OF_BASELINES = ("BLEU-4", *OF_SENTENCES, *SEMANTIC, "verbs exact", "IoU, refined")


@dataclass(frozen=True)
class Line:
    """A row of the table: the values of each column, one per seed; or a note."""

    name: str
    values: dict[str, list[float]] = field(default_factory=dict)
    note: str = ""

    @property
    def runs(self) -> int:
        """The number of scored seeds."""
        return max((len(values) for values in self.values.values()), default=0)


def results(row: Row, seeds: Sequence[int], out: Path) -> list[dict[str, Any]]:
    """The scores of the row's finished runs, in the order of the seeds; ValueError for a file without scores."""
    files = [folder_of(out, row, seed) / "test.json" for seed in seeds]
    return [_scores(file) for file in files if file.is_file()]


def lines(rows: Sequence[Row], reasons: Sequence[str], seeds: Sequence[int], out: Path) -> list[Line]:
    """The table's rows in the suite's order, then the baselines, which are the same for every run."""
    table: list[Line] = []
    fullest: dict[str, Any] = {}
    for row, reason in zip(rows, reasons, strict=True):
        scores = results(row, seeds, out)
        fullest = max(fullest, *(result["rule"] for result in scores), key=_count_text_measures) if scores else fullest
        table.append(Line(row.name, _values(scores), reason or _missing(row, seeds, out)))
    for name, measures in fullest.get("text floors", {}).items():
        table.append(Line(f"baseline: {name}", _values([{"rule": {"captions": measures}}])))
    if "model" in fullest:
        for name in BASELINES:
            values = _values([{"rule": {"model": fullest[name]}}])
            table.append(Line(f"baseline: {name}", {k: v for k, v in values.items() if k not in NOT_OF_BASELINES}))
    return table


def semantic_notes(rows: Sequence[Row], seeds: Sequence[int], out: Path) -> str:
    """What the columns of --semantic depend on, as text after the title; empty when no run has them."""
    runs = (result["rule"].get("semantic", {}) for row in rows for result in results(row, seeds, out))
    notes = dict.fromkeys(f"{measure}: {note}" for run in runs for measure, note in run.items())
    return "".join(f"; {note}" for note in notes)


def write(out: Path, table: Sequence[Line], title: str) -> None:
    """Write `table.md`, `table.tex` and `table.csv` into `out`."""
    write_text(out / "table.md", f"{title}\n\n{markdown(table)}")
    write_text(out / "table.tex", f"% {title}\n{latex(table)}")
    write_text(out / "table.csv", comma_separated(table))


def markdown(table: Sequence[Line]) -> str:
    """The table as Markdown, with the columns that have values."""
    columns = columns_of(table)
    last = [" note |", " --- |"] if any(line.note for line in table) else ["", ""]
    rows = [
        f"| row | runs | {' | '.join(columns)} |{last[0]}",
        "| --- |" + " --- |" * (len(columns) + 1) + last[1],
    ]
    for line in table:
        cells = [line.name, str(line.runs or "–"), *(_cell(line, column, " ± ") for column in columns)]
        if last[0]:
            cells.append(line.note.replace("|", "/"))
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join([*rows, ""])


def latex(table: Sequence[Line]) -> str:
    """The table as LaTeX, with the rules of the package booktabs."""
    columns = columns_of(table)
    rows = [
        "% needs \\usepackage{booktabs}",
        f"\\begin{{tabular}}{{l{'r' * (len(columns) + 1)}}}",
        "\\toprule",
        " & ".join(["row", "runs", *(_escape(column) for column in columns)]) + " \\\\",
        "\\midrule",
    ]
    for line in table:
        if not line.runs:
            text = f"\\multicolumn{{{len(columns) + 1}}}{{l}}{{{_escape(line.note)}}}"
            rows.append(f"{_escape(line.name)} & {text} \\\\")
            continue
        cells = [_cell(line, column, " \\pm ") for column in columns]
        cells = [f"${cell}$" if "pm" in cell else cell.replace("–", "--") for cell in cells]
        rows.append(" & ".join([_escape(line.name), str(line.runs), *cells]) + " \\\\")
    return "\n".join([*rows, "\\bottomrule", "\\end{tabular}", ""])


def comma_separated(table: Sequence[Line]) -> str:
    """The table as CSV: mean and standard deviation of each column, unrounded; the note last."""
    columns = columns_of(table)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["row", "runs", *(f"{c}, {part}" for c in columns for part in ("mean", "deviation")), "note"])
    for line in table:
        numbers = [number for column in columns for number in _mean_and_deviation(line.values.get(column, []))]
        writer.writerow([line.name, line.runs, *("" if n is None else n for n in numbers), line.note])
    return text.getvalue()


def _scores(file: Path) -> dict[str, Any]:
    try:
        scores = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        scores = None
    if not isinstance(scores, dict) or not {"rule", "refined", "curves"} <= scores.keys():
        raise ValueError(f"{file}: not the scores of a run; delete it, and the run is scored again")
    return scores


def _missing(row: Row, seeds: Sequence[int], out: Path) -> str:
    """The row's runs without scores, and why they have none."""
    states: dict[str, list[int]] = {}
    for seed in seeds:
        folder = folder_of(out, row, seed)
        if (folder / "test.json").is_file():
            continue
        state = "not finished" if (folder / "config.json").is_file() else "not run yet"
        if (folder / "failed.txt").is_file():
            state = f"failed ({' '.join((folder / 'failed.txt').read_text(encoding='utf-8').split())})"
        states.setdefault(state, []).append(seed)
    return "; ".join(f"seed {', '.join(map(str, numbers))} {state}" for state, numbers in states.items())


def _count_text_measures(scores: dict[str, Any]) -> int:
    """The number of measures of sentences that a run's baselines have."""
    return sum(len(measures) for measures in scores.get("text floors", {}).values())


def _values(scores: Sequence[dict[str, Any]]) -> dict[str, list[float]]:
    values: dict[str, list[float]] = {}
    for column, ((bounds, kind, key), _) in COLUMNS.items():
        numbers = [result.get(bounds, {}).get(kind, {}).get(key) for result in scores]
        values[column] = [number for number in numbers if number is not None]
    return values


def columns_of(table: Sequence[Line]) -> list[str]:
    """The columns with values; more of sentences when no segments are scored; all columns when no row has values."""
    used = [column for column in COLUMNS if any(line.values.get(column) for line in table)]
    segments = set(used) - {"BLEU-4", *OF_SENTENCES, *SEMANTIC}
    return [column for column in used if not (segments and column in OF_SENTENCES)] or list(COLUMNS)


def _mean_and_deviation(values: Sequence[float]) -> tuple[float | None, float | None]:
    """The mean, and for two values or more the sample standard deviation."""
    if not values:
        return None, None
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None


def _cell(line: Line, column: str, between: str) -> str:
    mean, deviation = _mean_and_deviation(line.values.get(column, []))
    if mean is None:
        return "–"
    decimals = COLUMNS[column][1]
    return f"{mean:.{decimals}f}" + ("" if deviation is None else f"{between}{deviation:.{decimals}f}")


def _escape(text: str) -> str:
    """Text with the characters escaped that are commands in LaTeX."""
    text = text.replace("\\", "/")
    for character in "&%$#_{}":
        text = text.replace(character, f"\\{character}")
    return text.replace("~", "\\textasciitilde{}").replace("^", "\\textasciicircum{}").replace("–", "--")

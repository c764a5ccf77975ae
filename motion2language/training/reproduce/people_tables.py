"""The tables of `m2l reproduce people`, as Markdown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from statistics import fmean

from motion2language.scoring.naming import GROUPS, Answer, by_source, confusions, summarise, wrong_sides

Answers = Sequence[Answer]
HEADS = {"known": "known verbs", "other": "other actions"}


def tables(
    held: Mapping[str, Answers], parts: Mapping[str, Mapping[str, Answers]], composed: Mapping[str, Mapping[str, float]]
) -> str:
    """All tables.

    held      model or baseline -> its answers of people held out; the first is the model that the last table is about
    parts     source of takes -> the same of their parts
    composed  model -> bleu_4, verbs_exact/all, iou/strict/several on BNR-Compose's test split
    """
    first = next(iter(held))
    pieces = [_summary(held), _sources(held)]
    pieces += [
        _summary(answers, f"Takes of {part}, cut at the bounds that people made") for part, answers in parts.items()
    ]
    pieces += [_composed(composed)] if composed else []
    pieces += [_marks(held), _actions(first, held[first])]
    return "\n\n".join(piece for piece in pieces if piece) + "\n"


def row_tables(rows: Mapping[str, tuple[Collection[str], Mapping[str, Answers]]]) -> str:
    """A table of trained rows, asked about sources that they have not seen, and their mean.

    rows  name -> the actions that its training shows, and the answers of the row itself and of others
    """
    columns = ("known", "other", "shown")
    heads = ["", "recordings, known / other", *next(iter(rows.values()))[1]]
    lines: list[list[str]] = []
    totals: dict[str, dict[str, list[float]]] = {}
    for name, (shown, answers) in rows.items():
        cells = []
        for who, given in answers.items():
            scores = _unseen(given, shown)
            for column, value in scores.items():
                totals.setdefault(who, {}).setdefault(column, []).append(value)
            cells.append(" / ".join(share(scores[column]) if column in scores else "–" for column in columns))
        counted = next(iter(answers.values()))
        counts = [sum(answer.group == group for answer in counted) for group in GROUPS]
        lines.append([name, " / ".join(map(str, counts)), *cells])
    means = [
        " / ".join(share(fmean(kept[column])) if column in kept else "–" for column in columns)
        for kept in totals.values()
    ]
    title = "Asked about every recording of sources never seen: known verbs / other actions / those that training shows"
    tables = [table(title, heads, [*lines, ["mean over rows", "", *means]]), _row_sources(rows)]
    tables += [_marks(answers, f"{name}: ") for name, (_, answers) in rows.items()]
    return "\n\n".join(table for table in tables if table) + "\n"


def _row_sources(rows: Mapping[str, tuple[Collection[str], Mapping[str, Answers]]]) -> str:
    """Known / other of each source that a row has not seen, and the mean over these sources."""
    lines: list[list[str]] = []
    shares: dict[str, dict[str, list[float]]] = defaultdict(lambda: {group: [] for group in GROUPS})
    for name, (_, answers) in rows.items():
        for source in sorted({answer.source for answer in next(iter(answers.values()))}):
            own = {who: [a for a in given if a.source == source] for who, given in answers.items()}
            scores = {who: _unseen(given, ()) for who, given in own.items()}
            for who, score in scores.items():
                for group in GROUPS:
                    shares[who][group] += [score[group]] if group in score else []
            counts = [sum(a.group == group for a in next(iter(own.values()))) for group in GROUPS]
            lines.append([source, name, " / ".join(map(str, counts)), *map(_pair, scores.values())])
    means = [_pair({group: fmean(each) for group, each in kept.items() if each}) for kept in shares.values()]
    heads = ["", "asked", "recordings", *next(iter(rows.values()))[1]]
    return table(
        "Source by source, known verbs / other actions", heads, [*lines, ["mean over sources", "", "", *means]]
    )


def _pair(scores: Mapping[str, float]) -> str:
    return " / ".join(share(scores[group]) if group in scores else "–" for group in GROUPS)


def _unseen(answers: Answers, shown: Collection[str]) -> dict[str, float]:
    """Shares over recordings of known verbs, of other actions, and of other actions that training shows."""
    parts = {
        "known": [a.right for a in answers if a.known],
        "other": [a.right for a in answers if not a.known],
        "shown": [a.right for a in answers if not a.known and a.wanted in shown],
    }
    return {column: fmean(rights) for column, rights in parts.items() if rights}


def _summary(answers: Mapping[str, Answers], title: str = "People held out of training") -> str:
    """Mean over sources and over recordings of each group, and the sides."""
    counts = summarise(next(iter(answers.values())))
    groups = [group for group in GROUPS if group in counts]
    heads = [
        cell
        for group in groups
        for cell in (
            f"{HEADS[group]}, mean over sources",
            f"over {counts[f'{group}/n']:.0f} recordings",
            "named by any segment",
        )
    ]
    rows = []
    for name, given in answers.items():
        scores = summarise(given)
        cells = [share(scores[key]) for group in groups for key in (group, f"{group}/recordings", f"{group}/named")]
        wrong, told = wrong_sides(given)
        rows.append([name, *cells, f"{wrong} of {told}" if told else "–"])
    return table(f"{title}: the longest segment's words name the action", ["", *heads, "wrong side, where said"], rows)


def _sources(answers: Mapping[str, Answers]) -> str:
    """Known / other of each source."""
    per = {
        name: [by_source(a for a in given if a.group == group) for group in GROUPS] for name, given in answers.items()
    }
    counted = next(iter(answers.values()))
    rows = []
    for source in sorted({answer.source for answer in counted}):
        counts = [sum(a.source == source and a.group == group for a in counted) for group in GROUPS]
        shares = [
            " / ".join(share(values[source]) if source in values else "–" for values in groups)
            for groups in per.values()
        ]
        rows.append([source, " / ".join(map(str, counts)), *shares])
    return table("By source, known verbs / other actions", ["", "recordings", *answers], rows)


def _marks(answers: Mapping[str, Answers], where: str = "") -> str:
    """Children and adults, correct and incorrect exercises: whatever sources mark."""
    counted = next(iter(answers.values()))
    marks = sorted({mark for answer in counted for mark in answer.marks.items()})
    rows = []
    for key, value in marks:
        members = {name: [a for a in given if a.marks.get(key) == value] for name, given in answers.items()}
        count = len(next(iter(members.values())))
        rows.append([value, str(count), *(share(sum(a.right for a in given) / count) for given in members.values())])
    title = f"{where}By what sources say of a recording, all actions"
    return table(title, ["", "recordings", *answers], rows) if rows else ""


def _composed(composed: Mapping[str, Mapping[str, float]]) -> str:
    rows = [
        [name, f"{s['bleu_4']:.1f}", f"{100 * s['verbs_exact/all']:.0f} %", share(s["iou/strict/several"], 3)]
        for name, s in composed.items()
    ]
    return table("BNR-Compose, test split", ["", "BLEU-4", "verbs right, in order", "IoU, several actions"], rows)


def _actions(name: str, answers: Answers) -> str:
    """Each action with the share named right, and what was said instead."""
    instead = confusions(answers, least=1)
    wanted = {answer.wanted for answer in answers}
    shares = {action: [a.right for a in answers if a.wanted == action] for action in wanted}
    rows = [
        [
            action,
            str(len(rights)),
            share(sum(rights) / len(rights)),
            ", ".join(f"{said} {count}" for said, count in instead.get(action, [])[:3]),
        ]
        for action, rights in sorted(shares.items(), key=lambda item: (sum(item[1]) / len(item[1]), item[0]))
    ]
    return table(f"By action, {name}", ["", "recordings", "right", "said instead"], rows)


def table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table below its title."""
    lines = [title, "", "| " + " | ".join(heads) + " |", "| --- " * len(heads) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def share(value: float, digits: int = 2) -> str:
    """A share without its leading zero: .85."""
    text = f"{value:.{digits}f}"
    return text.removeprefix("0")

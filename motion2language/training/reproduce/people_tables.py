"""The tables of `m2l reproduce people`, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
        cells = [_share(scores[key]) for group in groups for key in (group, f"{group}/recordings", f"{group}/named")]
        wrong, told = wrong_sides(given)
        rows.append([name, *cells, f"{wrong} of {told}" if told else "–"])
    return _table(f"{title}: the longest segment's words name the action", ["", *heads, "wrong side, where said"], rows)


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
            " / ".join(_share(values[source]) if source in values else "–" for values in groups)
            for groups in per.values()
        ]
        rows.append([source, " / ".join(map(str, counts)), *shares])
    return _table("By source, known verbs / other actions", ["", "recordings", *answers], rows)


def _marks(answers: Mapping[str, Answers]) -> str:
    """Children and adults, correct and incorrect exercises: whatever sources mark."""
    counted = next(iter(answers.values()))
    marks = sorted({mark for answer in counted for mark in answer.marks.items()})
    rows = []
    for key, value in marks:
        members = {name: [a for a in given if a.marks.get(key) == value] for name, given in answers.items()}
        count = len(next(iter(members.values())))
        rows.append([value, str(count), *(_share(sum(a.right for a in given) / count) for given in members.values())])
    return _table("By what sources say of a recording, all actions", ["", "recordings", *answers], rows) if rows else ""


def _composed(composed: Mapping[str, Mapping[str, float]]) -> str:
    rows = [
        [name, f"{s['bleu_4']:.1f}", f"{100 * s['verbs_exact/all']:.0f} %", _share(s["iou/strict/several"], 3)]
        for name, s in composed.items()
    ]
    return _table("BNR-Compose, test split", ["", "BLEU-4", "verbs right, in order", "IoU, several actions"], rows)


def _actions(name: str, answers: Answers) -> str:
    """Each action with the share named right, and what was said instead."""
    instead = confusions(answers, least=1)
    wanted = {answer.wanted for answer in answers}
    shares = {action: [a.right for a in answers if a.wanted == action] for action in wanted}
    rows = [
        [
            action,
            str(len(rights)),
            _share(sum(rights) / len(rights)),
            ", ".join(f"{said} {count}" for said, count in instead.get(action, [])[:3]),
        ]
        for action, rights in sorted(shares.items(), key=lambda item: (sum(item[1]) / len(item[1]), item[0]))
    ]
    return _table(f"By action, {name}", ["", "recordings", "right", "said instead"], rows)


def _table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [title, "", "| " + " | ".join(heads) + " |", "| --- " * len(heads) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _share(value: float, digits: int = 2) -> str:
    """A share without its leading zero: .85."""
    text = f"{value:.{digits}f}"
    return text.removeprefix("0")

"""Splits by person: whoever is in one split is in no other, whatever they do and in whichever source.

Sources whose names share what stands before an underscore (cmu_amc, cmu_bvh) are taken for parts of one collection, so
that the same `subject` in two of them is the same person. Recordings without a person are training data.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Sequence

from motion2language.data.clips import SPLITS
from motion2language.data.labelled.form import Entry

FEWEST = 3  # people of a collection, one for each split


def person_of(entry: Entry) -> str:
    """COLLECTION/PERSON, or "" when the person is not known."""
    return f"{entry.source.partition('_')[0]}/{entry.person}" if entry.person else ""


def split_by_person(entries: Sequence[Entry], val: float = 0.1, test: float = 0.1) -> dict[str, list[Entry]]:
    """The recordings of each split, in their order; the same people always go to the same split.

    val, test  shares of the people of each collection; when above 0, at least one person, provided that the collection
               has three. Which, is decided by a checksum of their names. A collection of fewer people trains.

    ValueError when no collection has three people and a share is above 0.
    """
    people: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if entry.person:
            people[entry.source.partition("_")[0]].add(person_of(entry))
    chosen: dict[str, str] = {}
    for collection in people.values():
        ranked = sorted(collection, key=lambda name: (zlib.crc32(name.encode("utf-8")), name))
        if len(ranked) >= FEWEST:
            counts = [max(1, round(share * len(ranked))) if share > 0 else 0 for share in (val, test)]
            chosen |= dict.fromkeys(ranked[: counts[0]], "val")
            chosen |= dict.fromkeys(ranked[counts[0] : sum(counts)], "test")
    splits: dict[str, list[Entry]] = {split: [] for split in SPLITS}
    for entry in entries:
        splits[chosen.get(person_of(entry), "train")].append(entry)
    return splits


def why_no_split(entries: Sequence[Entry]) -> str:
    """Why `split_by_person` gives all recordings to training; "" when it does not."""
    splits = split_by_person(entries)
    if splits["val"] or splits["test"]:
        return ""
    people = sorted({person_of(entry) for entry in entries} - {""})
    unnamed = sum(not entry.person for entry in entries)
    if not people:
        return f"none of {len(entries)} recordings names a person (subject): a split by person cannot be made"
    found = f"one person only ({people[0]})" if len(people) == 1 else f"{len(people)} people only"
    rest = f", {unnamed} recordings without a person" if unnamed else ""
    return f"{found}{rest}: a split by person cannot be made; it needs {FEWEST} people of one source"

"""Agreement of two people's corrections: boundaries and labels, by hand; and m2l compare of two folders."""

from __future__ import annotations

import pytest

from motion2language.scoring.agreement import agreement, kappa
from motion2language.transcript import Segment, Transcript
from motion2language.writers import write


def transcript(*parts: tuple[float, float, str], source: str = "a.bvh", duration: float = 10.0) -> Transcript:
    return Transcript(tuple(Segment(*part) for part in parts), duration, source)


WALK_RUN = transcript((0.0, 5.0, "walk"), (5.0, 10.0, "run"))


def test_the_same_is_one():
    found = agreement([WALK_RUN], [WALK_RUN])
    assert (found.recordings, found.boundary_f1, found.same, found.kappa) == (1, {0.2: 1.0, 0.5: 1.0}, 1.0, 1.0)


def test_a_boundary_moved_and_a_label_changed_by_hand():
    other = transcript((0.0, 5.4, "walk"), (5.4, 10.0, "jump"))
    found = agreement([WALK_RUN], [other])
    assert found.boundary_f1 == {0.2: pytest.approx(2 / 3), 0.5: 1.0}  # of 0, 5 and 10
    assert found.same == pytest.approx(0.5)  # both walk for 5 s; then run and jump, or run and walk
    chance = 0.5 * 0.54
    assert found.kappa == pytest.approx((0.5 - chance) / (1 - chance))
    assert agreement([other], [WALK_RUN]) == found


def test_labels_by_chance_alone_are_no_agreement():
    pairs = [("walk", "walk"), ("walk", "run"), ("run", "walk"), ("run", "run")]
    assert kappa(pairs) == 0.0
    assert kappa([(None, None)] * 3) is None


def test_recordings_of_one_person_alone_are_left_out_and_empty_ones_count():
    found = agreement([WALK_RUN, transcript(source="b.bvh")], [transcript(), transcript(source="c.bvh")])
    assert (found.recordings, found.boundary_f1, found.same, found.kappa) == (1, {0.2: 0.0, 0.5: 0.0}, 0.0, 0.0)
    nothing = agreement([transcript()], [transcript()])
    assert (nothing.boundary_f1, nothing.same, nothing.kappa) == ({0.2: None, 0.5: None}, 1.0, None)
    with pytest.raises(ValueError, match="no recording is in both"):
        agreement([WALK_RUN], [transcript(source="b.bvh")])
    with pytest.raises(ValueError, match=r"lasts 10\.00 s, but the transcript is of a\.bvh of 4\.00 s"):
        agreement([WALK_RUN], [transcript(duration=4.0)])


def test_compare_prints_it_for_two_folders(m2l, tmp_path):
    for name, each in (("ann", WALK_RUN), ("bob", transcript((0.0, 5.4, "walk"), (5.4, 10.0, "jump")))):
        (tmp_path / name).mkdir()
        write(each, tmp_path / name / "a.corrected.json")
    status, out, err = m2l("compare", tmp_path / "ann", tmp_path / "bob")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "1 recording in both",
        "boundaries within 0.2 s: F1 0.667",
        "boundaries within 0.5 s: F1 1.000",
        "labels: the same 50.0 % of the time, kappa 0.315",
    ]
    status, _, err = m2l("compare", tmp_path / "ann", tmp_path / "bob", "--out", tmp_path / "x.png")
    assert (status, "folders of transcripts have no pictures" in err) == (1, True)

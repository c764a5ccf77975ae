"""Doubt: facts, confidence and known of segments, what outputs say of them, evidence for words, and the fit."""

from __future__ import annotations

import json
import shutil
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from bodies import walking

from motion2language import writers
from motion2language.captioning.doubt import EVIDENCE, FILE, Doubt, evidence, judge
from motion2language.captioning.facts.words import contradictions, find_evidence
from motion2language.captioning.loading import load_model
from motion2language.captioning.model_folder import find_model
from motion2language.captioning.timing import without_babble
from motion2language.data.actions import load_actions
from motion2language.data.clips import Clip
from motion2language.data.synthesis.recording import make_recording
from motion2language.motion import CANONICAL, Motion
from motion2language.scoring.contradictions import count_contradictions
from motion2language.scoring.people import Question
from motion2language.scoring.reference import Reference
from motion2language.training.doubt import save_doubt
from motion2language.training.doubt_fit import area_under_curve, fit_logistic, fit_signed
from motion2language.training.doubt_heard import Heard, Rows, elsewhere
from motion2language.training.doubt_near import find_usual
from motion2language.training.doubt_questions import ask_blends, ask_clips, ask_drawings, at_most
from motion2language.transcript import Facts, Segment, TimedWord, Transcript
from motion2language.writers.labelstudio import transcript_of

SAMPLES = Path(__file__).parent.parent / "motion2language" / "samples"

KICK = Segment(0.5, 2.0, "kick", (TimedWord("kicks", 1.0, 0.5, 1.5, 0.4),), 0.4, facts=Facts(steps=3), confidence=0.06)
HEAD = Facts(
    side="right", limb="arm", arms="right", repetitions=3, right_hand=("in front", "to the head"),
    start_posture="standing", end_posture="standing",
)  # fmt: skip
UNKNOWN = replace(KICK, start=2.0, end=4.0, facts=HEAD, known=False)
SAID = Transcript((KICK, UNKNOWN), 5.0, "take.bvh", "model")


@pytest.mark.parametrize("name", ["txt", "srt", "vtt", "csv", "tsv"])
def test_outputs_mark_doubt_and_describe_the_unknown_by_its_facts(name):
    text = writers.render(SAID, name)
    assert "0.060" in text if name in ("csv", "tsv") else "kicks (? 6 %)" in text.replace("<00:00:01.000>", "")
    assert "unknown action: right hand to the head 3 times, standing" in text
    sure = Transcript((replace(KICK, confidence=0.98),), 5.0)
    assert "?" not in writers.render(sure, name)


@pytest.mark.parametrize("name", sorted(set(writers.names()) - {"json", "labelstudio"}))
def test_no_output_for_people_has_the_words_of_an_unknown_action(name):
    if name in ("eaf", "textgrid"):
        pytest.importorskip("pympi")
    guess = replace(UNKNOWN, label="circle", words=(TimedWord("circles", 3.0, 2.5, 3.5, 0.1),))
    text = writers.render(replace(SAID, segments=(KICK, guess)), name)
    assert "circles" not in text and "kicks" in text and ("circle" not in text or name in ("csv", "tsv"))
    assert "unknown action: right hand to the head 3 times, standing" in text


def test_a_posture_reads_well_where_it_begins_or_ends():
    assert writers.phrase(Facts(start_posture="bent", end_posture="on all fours")) == "from bent to all fours"
    assert writers.phrase(Facts(start_posture="on all fours", end_posture="standing")) == "from all fours to standing"
    assert writers.phrase(Facts(start_posture="on all fours", end_posture="on all fours")) == "on all fours"


def test_tables_hold_facts_and_a_terminal_has_them_dim():
    assert writers.render(SAID, "csv").splitlines()[0] == "start,end,label,text,confidence,known,facts"
    assert '"right hand to the head 3 times"' not in writers.render(SAID, "csv")
    assert writers.render(SAID, "tsv").splitlines()[1].endswith("\t0.060\tyes\t3 steps")
    from motion2language.writers.txt import with_facts

    first, second = with_facts(SAID, dim=True).splitlines()
    assert first == "[00:00.5 → 00:02.0] kicks  \x1b[2m? 6 %  · 3 steps\x1b[0m"
    assert "\x1b" not in second


def test_elan_has_a_tier_of_facts_and_label_studio_has_them_as_meta():
    pytest.importorskip("pympi")
    assert 'TIER_ID="facts"' in writers.render(SAID, "eaf")
    (task,) = json.loads(writers.render(SAID, "labelstudio"))
    assert task["predictions"][0]["result"][0]["meta"] == {"text": ["3 steps"]}
    again = transcript_of(task)
    assert again == Transcript.from_dict(SAID.to_dict())  # facts, confidence and the unknown action too
    person = task | {"annotations": [{"completed_by": 3, "result": task["predictions"][0]["result"]}]}
    assert [segment.confidence for segment in transcript_of(person).segments] == [None, None]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("and then a person walks", "a person walks"),
        ("a person walks walks", "a person walks"),
        ("a happy left happy left happy left left then kicks", "a happy left then kicks"),
        ("then kicks then kicks", "kicks then kicks"),
        ("and then", "and then"),
        ("", ""),
    ],
)
def test_babble_is_left_out(said, kept):
    words = said.split()
    actions = {index for index, word in enumerate(words) if word in ("walks", "kicks")}
    assert " ".join(words[index] for index in without_babble(words, actions)) == kept


@pytest.mark.parametrize(
    ("words", "facts", "against"),
    [
        ("waves the left hand", Facts(arms="right"), ["left"]),
        ("waves the left hand", Facts(arms="left"), []),
        ("waves the left hand", Facts(arms="both"), []),
        ("walks to the right", Facts(direction="forward", travel=3.0, gait="walk", speed=1.0), []),
        ("walks to the right", Facts(direction="left", travel=3.0, gait="walk", speed=1.0), ["right"]),
        ("turns to the left", Facts(turn=-90.0), ["left"]),
        ("turns to the left", Facts(turn=90.0), []),
        ("turns to the left", Facts(turn=-20.0), []),
        ("walks backwards", Facts(direction="forward", travel=3.0, gait="walk", speed=1.0), ["backwards"]),
        ("runs forward", Facts(direction="forward", travel=3.0, gait="walk", speed=1.0), ["runs"]),
        ("walks", Facts(direction="in place", travel=0.1, steps=0), ["walks"]),
        ("walks slowly", Facts(pace="fast", speed=2.0), ["slowly"]),
        ("jumps five times", Facts(repetitions=2), ["five"]),
        ("jumps twice", Facts(repetitions=3), []),
        ("sits down", Facts(start_posture="standing", end_posture="sitting"), []),
        ("kicks", Facts(), []),
    ],
)
def test_facts_contradict_words(words, facts, against):
    assert [evidence.word for evidence in contradictions(words, facts)] == against


def test_evidence_for_a_word_says_what_was_measured():
    (evidence,) = find_evidence("turns left", Facts(turn=88.0))
    assert (evidence.agrees, evidence.fact, evidence.reason) == (True, "turn", "turned 88° to the left")


def doubt(**given) -> Doubt:
    """Doubt of a model whose movements have two features; two walks lie at (1, 0), two waves at (0, 1)."""
    values = {
        "mean": np.zeros(2), "spread": np.ones(2), "axes": np.eye(2),
        "clips": np.array([[127, 1], [127, -1], [1, 127], [-1, 127]], dtype=np.int8), "which": np.array([0, 0, 1, 1]),
        "usual": np.full(4, 0.75), "labels": np.array(["walk", "wave"]), "centre": np.zeros(8), "scale": np.ones(8),
        "right": np.array([1.0, 0, 0, 0, 0, 0, 0, 0]), "bias": np.zeros(()), "strange": np.zeros(8),
        "strange_bias": np.zeros(()), "seen": np.array([0.0, 50.0]), "known": np.zeros(8), "threshold": np.array(0.5),
    }  # fmt: skip
    return Doubt(**values | {name: np.asarray(value) for name, value in given.items()})


def as_lists(made: Doubt) -> dict:
    return {each.name: getattr(made, each.name).tolist() for each in fields(made)}


def test_doubt_comes_back_from_its_file(tmp_path):
    save_doubt(doubt(bias=0.25), tmp_path)
    read = Doubt.load(tmp_path)
    assert read is not None
    assert as_lists(read) == as_lists(doubt(bias=0.25))
    assert Doubt.load(tmp_path / "elsewhere") is None


@pytest.mark.parametrize(
    "given",
    [{"axes": np.zeros((3, 2))}, {"axes": np.zeros(4)}, {"right": np.zeros(5)}, {"bias": np.nan}, {"bias": "x"},
     {"which": np.array([0, 0, 1, 2])}, {"which": np.zeros(4)}, {"spread": np.zeros(2)}, {"labels": np.array("walk")},
     {"clips": np.zeros((0, 2), np.int8), "which": np.zeros(0, int), "usual": np.zeros(0)}, {"seen": np.zeros(1)},
     {"usual": np.zeros(3)}, {"strange": np.zeros(7)}],
)  # fmt: skip
def test_a_damaged_doubt_is_refused_in_one_line(given, tmp_path):
    with pytest.raises(ValueError, match=r"arrays have shapes|not finite|numbers of labels|above zero") as refused:
        doubt(**given)
    assert "\n" not in str(refused.value)
    np.savez(tmp_path / FILE, right=np.zeros(7))
    with pytest.raises(ValueError, match=r"lacks mean.*m2l teach-doubt"):
        Doubt.load(tmp_path)
    (tmp_path / FILE).write_bytes(b"junk")
    with pytest.raises(ValueError, match="m2l teach-doubt"):
        Doubt.load(tmp_path)


def test_a_model_whose_doubt_is_damaged_can_be_taught_it_again(tmp_path, m2l):
    folder = tmp_path / "model"
    shutil.copytree(find_model("synthetic"), folder)
    (folder / FILE).write_bytes(b"junk")
    with pytest.raises(ValueError, match="write it again with m2l teach-doubt"):
        load_model(folder)
    assert load_model(folder, doubt=False).doubt is None
    status, _, said = m2l("teach-doubt", folder, "--people", tmp_path)
    assert status == 1
    assert "holds no pair X.npz and X.json" in said


def test_what_is_near_a_movement_is_told_by_the_training_recordings():
    walk, between, far = (doubt().near(np.array(place)) for place in ([2.0, 0.0], [1.0, 1.0], [-1.0, -1.0]))
    assert walk.of[0] > 0.999
    np.testing.assert_allclose(between.of, 0.5, atol=0.05)
    assert between.like > far.like
    assert doubt().near(np.zeros(2)).like == 0
    with pytest.raises(ValueError, match=r"2 features of a movement, and this model has 3; .*teach-doubt"):
        doubt().near(np.zeros(3))


def test_evidence_speaks_for_words_that_fit_what_is_near():
    words = (TimedWord("walks", 0.5, 0.2, 0.8, 0.9),)
    said = Segment(0.0, 1.0, "walk", words, 0.8)
    fits, other = (evidence(said, doubt(), np.array(place), 0) for place in ([1.0, 0.0], [0.0, 1.0]))
    names = dict(zip(EVIDENCE, zip(fits, other, strict=True), strict=True))
    assert names["same label"][0] > 4 > -4 > names["same label"][1]
    assert names["one label"][0] == names["one label"][1] > 4
    assert names["near"][0] == pytest.approx(names["near"][1])
    assert names["as usual"][0] == pytest.approx(names["near"][0] - 0.75)
    assert evidence(said, doubt(usual=[0.25] * 4), np.array([1.0, 0.0]), 0)[4] == 0.0  # nearer than usual
    assert names["alone"] == names["probability"] == pytest.approx([np.log(4)] * 2)
    heard = evidence(replace(said, label="never seen"), doubt(), np.array([1.0, 0.0]), 2, alone=0.0)
    assert (heard[2], heard[6], heard[7]) == (pytest.approx(-4.595, abs=1e-3), pytest.approx(-4.595, abs=1e-3), -2)


def test_what_is_near_counts_as_much_as_the_sensor_is_like_those_that_were_seen():
    made = doubt(right=[0, 0, 0, 0, 0, 0, 1, 0], strange=[1, 0, 0, 0, 0, 0, 0, 0], seen=[100.0, -50.0])
    seen, strange = np.zeros((2, 8))
    seen[[0, 3, 6]], strange[[0, 3, 6]] = (-2.0, 1.0, 3.0), (-2.0, 0.0, 3.0)
    assert made.confidence(np.array([seen, strange])) == pytest.approx([1 / (1 + np.exp(-3)), 1 / (1 + np.exp(2))])


def test_how_near_recordings_of_an_action_usually_are_is_told_by_other_people():
    clips = np.repeat(np.array([[127, 0], [0, 127], [0, -127]], dtype=np.int8), 5, axis=0)
    of_one = ["kick"] * 15
    apart = find_usual(clips, of_one, ["ann"] * 5 + ["bob"] * 10)
    assert apart == pytest.approx(np.zeros(15))
    assert find_usual(clips, of_one, [""] * 15) == pytest.approx([0.8] * 15)  # by whom is unknown: all but itself
    few = find_usual(clips, ["kick"] * 5 + ["bow"] * 10, ["ann"] * 5 + ["bob"] * 5 + ["cyd"] * 5)
    assert few == pytest.approx([-1.0] * 15)  # nobody else kicks: the median of the bows stands
    assert (find_usual(clips, of_one, ["ann"] * 15) == 0).all()  # nobody else at all


def test_a_strange_sensor_is_what_recordings_look_like_without_their_own_source():
    said = Segment(0.0, 1.0, "walk", (), 0.8)
    heard = [Heard(source, said, np.array([1.0, 0.0]), 0, None, True, True) for source in ("x", "y")]
    rows = elsewhere(heard, doubt(), np.array(["x", "x", "y", "y"]))
    near, same = (rows[:, EVIDENCE.index(name)] for name in ("near", "same label"))
    assert near == pytest.approx([0.0, 1.0], abs=0.05)
    assert (same > 4).tolist() == [False, True]
    assert elsewhere(heard, doubt(), np.array(["x"] * 4)).shape == (1, 8)


def test_known_is_weighed_by_itself():
    motion = make_recording(3, ("raise_left",)).motion
    words = tuple(TimedWord(word, 0.5, 0.2, 0.8) for word in "raises the left arm".split())
    said = Transcript((Segment(0.0, motion.duration, "raise", words, 0.5),), motion.duration)
    made = doubt(known=[0, 0, 1, 0, 0, 0, 0, 0], threshold=0.0)
    judged = [judge(said, motion, made, [np.zeros(2)], alone).segments[0] for alone in ((0.9,), (0.1,))]
    assert [segment.known for segment in judged] == [True, False]
    assert judged[0].confidence == judged[1].confidence == pytest.approx(0.5)


def doubting(folder):
    """A copy of `synthetic` that knows no action which facts do not show."""
    shutil.copytree(find_model("synthetic"), folder)
    axes = np.zeros((2 * 128, 2))
    wide = {"mean": np.zeros(len(axes)), "spread": np.ones(len(axes)), "axes": axes}
    save_doubt(doubt(**wide, right=[0] * 8, bias=-2.0, threshold=0.2), folder)
    return folder


def test_plain_captions_doubt_as_others_do_and_files_keep_facts_where_asked(m2l, tmp_path):
    wave, model = SAMPLES / "1_wave.bvh", doubting(tmp_path / "model")
    status, plain, _ = m2l("caption", wave, "--model", model, "--plain")
    assert status == 0 and "unknown action: right hand" in plain
    assert plain == m2l("caption", wave, "--model", model)[1]
    walk = SAMPLES / "2_walk_bow.bvh"
    for options, kept in (((), False), (("--facts",), True)):
        out = tmp_path / str(kept)
        assert m2l("caption", walk, "--model", "synthetic", *options, "--format", "txt,srt,vtt", "--out", out)[0] == 0
        for kind in ("txt", "srt", "vtt"):
            assert ("3.1 m forward, 10 steps, slow" in (out / f"2_walk_bow.{kind}").read_text("utf-8")) == kept


def test_segments_have_facts_confidence_and_known_with_and_without_a_fit(tmp_path):
    motion = make_recording(3, ("walk", "wave_right")).motion
    captioner = load_model("synthetic")
    plain = captioner.transcribe(motion, facts=False)
    assert all(segment.facts is None and segment.confidence is None for segment in plain.segments)
    told = captioner.transcribe(motion)
    assert [segment.text for segment in told.segments] == [segment.text for segment in plain.segments]
    assert all(segment.facts is not None and segment.known for segment in told.segments)
    assert told.segments[0].facts.direction == "forward"
    doubted = load_model(doubting(tmp_path / "model")).transcribe(motion)
    by_label = {segment.label: segment for segment in doubted.segments}
    assert by_label["wave"].confidence == pytest.approx(0.119, abs=1e-3)
    assert not by_label["wave"].known
    assert by_label["walk"].known  # who walks is measured to walk
    assert by_label["walk"].confidence == by_label["walk"].probability


def test_a_contradiction_halves_a_confidence_that_does_not_weigh_it():
    motion = make_recording(3, ("raise_left",)).motion
    for side, expected in (("left", 0.88), ("right", 0.44)):
        words = tuple(TimedWord(word, 0.5, 0.2, 0.8) for word in f"raises the {side} arm".split())
        said = Transcript((Segment(0.0, motion.duration, "raise", words),), motion.duration)
        judged = judge(said, motion, doubt(right=[0] * 8, bias=2.0), [np.zeros(2)] * len(said.segments))
        assert judged.segments[0].confidence == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    ("words", "said"),
    [("sits still", False), ("waves", False), ("stands up", False), ("stands still", True), ("is standing", True)],
)
@pytest.mark.parametrize("sway", [0.0, 0.003])
def test_of_a_pose_that_is_held_the_posture_alone_is_said(words, said, sway):
    frames, time = 600, np.linspace(0.0, 60.0, 600)[:, None, None]
    held = np.repeat(walking(1), frames, axis=0) + sway * np.sin(time / 3)  # it leans as a whole
    timed = tuple(TimedWord(word, 1.0, 0.5, 1.5, 0.9) for word in words.split())
    transcript = Transcript((Segment(0.0, 60.0, "action", timed, 0.9),), 60.0)
    judged = judge(transcript, Motion(held.astype(np.float32), 10.0, CANONICAL), None)
    assert [(each.known, each.facts.limb, each.text) for each in judged.segments] == [(True, None, words)] * said


def test_what_follows_a_held_pose_begins_the_sentence():
    walks = walking(60)
    take = np.concatenate([np.repeat(walks[:1], 60, axis=0), walks]).astype(np.float32)
    wave, walk = (
        tuple(TimedWord(word, time, time, time + 0.5, 0.9) for word in words.split())
        for words, time in (("a person waves", 3.0), ("then walks", 9.0))
    )
    segments = (Segment(0.0, 6.0, "wave", wave, 0.9), Segment(6.0, 12.0, "walk", walk, 0.9))
    assert judge(Transcript(segments, 12.0), Motion(take, 10.0, CANONICAL), None).text == "a person walks"


def test_what_hardly_moves_may_be_an_action_and_what_was_not_recorded_may_move():
    frames, time = 60, np.linspace(0.0, 6.0, 60)
    held = np.repeat(walking(1), frames, axis=0)
    wrist = CANONICAL.index("right_wrist")
    writes = held.copy()
    writes[:, wrist, 0] += 0.03 * np.sin(6 * time)
    unseen = np.ones(held.shape[:2], bool)
    unseen[:, wrist] = False
    writing, held_unseen, pose = (
        Motion(positions, 10.0, CANONICAL, seen=seen)
        for positions, seen in ((writes, None), (held, unseen), (held, None))
    )
    cases = (
        ("writes", writing, True),
        ("writes", held_unseen, True),
        ("writes", pose, False),
        ("walks", writing, False),
    )
    for word, motion, said in [*cases, ("walks", writing, False)]:
        transcript = Transcript((Segment(0.0, 6.0, "do", (TimedWord(word, 1.0, 0.5, 1.5, 0.9),), 0.9),), 6.0)
        assert judge(transcript, motion, None).text == said * word


def test_a_logistic_fit_finds_what_tells_right_from_wrong():
    random = np.random.default_rng(0)
    rows = random.normal(size=(400, len(EVIDENCE)))
    right = rows[:, 0] - 0.5 * rows[:, 2] + random.normal(0, 0.5, 400) > 0
    weights, bias = fit_logistic(rows, right)
    assert weights[0] > 1
    assert weights[2] < 0
    assert area_under_curve(rows @ weights + bias, right) > 0.9
    assert Rows(rows, right, right).known.sum() == right.sum()


def test_contradictions_are_counted_in_ours_and_in_references():
    motions = [make_recording(seed, ("raise_left",)).motion for seed in range(2)]
    segments = make_recording(0, ("raise_left",)).segments
    references = [
        Reference("a", motions[0].duration, ("raises the right arm", "raises the left arm"), segments),
        Reference("b", motions[1].duration, ("raises the left arm",), ()),
    ]
    wrong = tuple(TimedWord(word, 1.0, 0.5, 1.5) for word in "raises the right arm".split())
    said = [
        Transcript((Segment(0.5, 1.5, "raise", wrong, facts=Facts(arms="left")),), motion.duration)
        for motion in motions
    ]
    assert count_contradictions(references, motions, said) == {
        "clips": 2, "said": 100.0, "clips/one": 1, "said/one": 100.0, "references/one": 50.0,
    }  # fmt: skip
    assert count_contradictions(references, motions, [Transcript((), 9.0)] * 2) == {}


def test_evidence_of_the_wrong_sign_is_left_out_of_the_fit():
    random = np.random.default_rng(1)
    rows = random.normal(size=(300, len(EVIDENCE)))
    right = rows[:, 0] - rows[:, 2] + random.normal(0, 0.5, 300) > 0
    weights, _ = fit_signed(rows, right)
    assert weights[0] > 1
    assert weights[2] == 0
    assert (weights >= 0).all()


def test_nothing_is_done_again_that_was_not_said():
    motion = make_recording(3, ("wave_right", "walk")).motion
    words = [
        TimedWord(word, time, time, time + 0.5, 0.9)
        for word, time in (("waves", 0.2), ("then", 1.0), ("waves", 1.2), ("again", 1.4))
    ]
    sure = Segment(0.0, 1.0, "wave", tuple(words[:1]), 0.9)
    second = Segment(1.0, 2.0, "wave", tuple(words[1:]), 0.9)
    for first, expected in ((sure, "then waves again"), (replace(sure, probability=0.1), "then waves")):
        said = judge(Transcript((first, second), motion.duration), motion, None)
        assert said.segments[1].text == expected
        assert said.segments[0].known == (first is sure)


def test_a_model_is_asked_about_clips_drawings_and_blends_beside_people(recordings_of_two):
    captioner, questions = recordings_of_two
    drawings = ask_drawings()
    assert {question.wanted for question in drawings} >= {"walk", "wave", "kick"}
    kick = next(question for question in drawings if question.wanted == "kick").read()
    assert 0.3 < kick.duration < 6
    blends = ask_blends(captioner, questions)
    assert [question.name for question in blends] == ["first", "second"]  # the third is alone of its source
    assert all(np.isfinite(question.read().positions).all() for question in blends)
    assert [question.name for question in at_most([*questions, *questions], 1)] == ["first", "second", "third"]
    clips = [Clip(name, "walk", questions[0].read, split=split) for name, split in (("a", "train"), ("b", "test"))]
    (asked,) = ask_clips(clips, "bandai", load_actions())
    assert (asked.name, asked.wanted) == ("bandai/a", "walk")
    with pytest.raises(ValueError, match="juggle"):
        ask_clips([replace(clips[0], label="juggle")], "bandai", load_actions())


@pytest.fixture
def recordings_of_two():
    def ask(name, source, action):
        return Question(name, source, lambda: make_recording(3, (action,)).motion, action.partition("_")[0])

    named = (("first", "x", "wave_left"), ("second", "x", "walk"), ("third", "y", "walk"))
    return load_model("synthetic"), [ask(*each) for each in named]


def test_score_counts_words_that_the_recordings_deny(m2l, tmp_path):
    walk = {"source": "2_walk_bow.bvh", "duration": 8.7}
    wave = {"source": "1_wave.bvh", "duration": 4.5}
    whole = {"start": 0.5, "end": 4.0, "label": "x"}
    truth = [walk | {"text": "a person walks", "segments": [whole]}, wave | {"text": "a wave", "segments": [whole]}]
    said = [walk | {"text": "a person runs backward"}, wave | {"text": "a person waves the left hand"}]
    for name, rows in (("truth", truth), ("said", said)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = ("score", "--references", tmp_path / "truth.jsonl", "--hypotheses", tmp_path / "said.jsonl")
    status, out, _ = m2l(*options, "--motions", SAMPLES)
    assert status == 0
    assert "Words that measured facts deny, per hundred clips: 150.0 (2 clips)" in out
    assert "150.0, and 0.0 in the references" in out
    assert "deny" not in m2l(*options)[1]
    status, _, error = m2l(*options, "--motions", tmp_path)
    assert status == 1 and "no recording '2_walk_bow.bvh'; 2 of 2 are missing" in error

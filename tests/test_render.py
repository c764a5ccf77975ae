"""Pictures and films: the right kind of file, the right words at the right time, nothing outside the picture."""

from __future__ import annotations

import itertools
import re
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small import recording

from motion2language.body import to_canonical
from motion2language.motion import CANONICAL, Motion
from motion2language.transcript import Facts, Segment, TimedWord, Transcript
from motion2language.viewer import attention, drawing, film, poses, render

BODY = to_canonical(recording(2)).clip(0, 3)
WORDS = ["a", "person", "walks", "$x$", "then", "waves"]


def said(*segments: tuple[float, float, str | None, str], duration: float = BODY.duration) -> Transcript:
    """Segments (start, end, label, text), their words evenly placed."""
    parts = []
    for start, end, label, text in segments:
        texts = text.split()
        times = [start + (end - start) * (index + 0.5) / len(texts) for index in range(len(texts))]
        parts.append(Segment(start, end, label, tuple(TimedWord(*pair, start, end) for pair in zip(texts, times))))  # noqa: B905
    return Transcript(tuple(parts), duration, "take.bvh", "someone")


TWO = said((0.2, 1.4, "walk", "a person walks"), (1.4, 2.8, "wave", "then waves"))
NOTHING = Transcript((), BODY.duration)


def arms_apart(seconds: float) -> Motion:
    """A body that stands with its arms straight out."""
    positions = np.repeat(BODY.positions[:1], round(seconds * BODY.fps), 0)
    for sign, side in ((1, "left"), (-1, "right")):
        across = positions[:, CANONICAL.index("left_hip")] - positions[:, CANONICAL.index("right_hip")]
        across = across / np.linalg.norm(across, axis=1, keepdims=True)
        for joint, reach in (("elbow", 0.35), ("wrist", 0.7)):
            positions[:, CANONICAL.index(f"{side}_{joint}")] = (
                positions[:, CANONICAL.index(f"{side}_shoulder")] + sign * reach * across
            )
    return Motion(positions, BODY.fps, CANONICAL)


def test_as_many_poses_are_drawn_as_stand_beside_each_other_without_an_overlap():
    room = poses.WIDTH - 2 * poses.MARGIN
    counts = []
    for body in (BODY, arms_apart(3.0)):
        scale = room / body.duration
        times = poses._times(body, (0.0, body.duration), scale)
        ends = [np.add(poses._width(body, time), time * scale) for time in times]
        assert all(after[0] > before[1] for before, after in itertools.pairwise(ends))
        counts.append(len(times))
    assert poses.FEWEST < counts[1] < counts[0] <= poses.POSES


def test_grey_poses_are_explained_where_there_are_any():
    assert "grey: nothing is said" in texts(poses.figure(BODY, TWO))
    whole = said((0.0, BODY.duration, "walk", "a person walks"))
    assert "grey: nothing is said" not in texts(poses.figure(BODY, whole))


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def texts(figure) -> list[str]:
    found = [text.get_text() for axes in figure.axes for text in axes.texts]
    return [text for text in found if text]


# Pictures


@pytest.mark.parametrize(
    ("suffix", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")]
)  # fmt: skip
@pytest.mark.parametrize("transcript", [TWO, NOTHING], ids=["two", "nothing"])
def test_a_picture_is_of_its_suffix_and_the_same_each_time(suffix, start, transcript, tmp_path):
    for name in ("one", "two"):
        render.draw_poses(BODY, transcript, tmp_path / f"{name}{suffix}")
    first, second = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("one", "two"))
    assert first.startswith(start)
    assert first == second
    assert len(list(tmp_path.iterdir())) == 2


def test_the_picture_shows_labels_and_phrases():
    found = texts(poses.figure(BODY, TWO))
    assert sorted(found) == sorted(["walk", "wave", "a person walks", "then waves", "grey: nothing is said"])


def test_pictures_of_long_recordings_take_strips_that_hold_every_phrase_once():
    body = Motion(np.tile(BODY.positions, (15, 1, 1)), BODY.fps, CANONICAL, "long")
    parts = [(number * 1.5, number * 1.5 + 1.2, "walk", f"number {number}") for number in range(30)]
    figure = poses.figure(body, said(*parts, duration=body.duration))
    assert len(figure.axes) == 3
    phrases = " ".join(text for text in texts(figure) if text != "walk")
    assert sorted(re.findall(r"\d+", phrases), key=int) == [str(number) for number in range(30)]


def test_phrases_do_not_lie_on_each_other():
    parts = [(number * 0.3, number * 0.3 + 0.3, "w", "then the person walks on") for number in range(9)]
    figure = poses.figure(BODY, said(*parts))
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts if text.get_text() != "w"]
    assert len(boxes) > 9
    overlapping = [
        (a, b) for n, a in enumerate(boxes) for b in boxes[:n]
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 2 and min(a.y1, b.y1) - max(a.y0, b.y0) > 4
    ]  # fmt: skip
    assert overlapping == []
    low, high = figure.bbox.x0, figure.bbox.x1
    assert all(low <= box.x0 and box.x1 <= high for box in boxes)


def test_bodies_are_true_to_scale():
    figure = poses.figure(BODY, TWO)
    (axes,) = figure.axes
    inches = axes.get_position().width * figure.get_figwidth(), axes.get_position().height * figure.get_figheight()
    assert (axes.get_xlim()[1], axes.get_ylim()[1]) == pytest.approx(inches)


def test_equal_labels_have_equal_colours_and_pauses_are_grey():
    transcript = said((0, 1, "walk", "walks"), (1, 2, "wave", "waves"), (2, 2.5, "walk", "walks"))
    walk, wave, again = drawing.segment_colours(transcript)
    assert walk == again != wave
    assert drawing.colour_at(transcript, [walk, wave, again], 0.999) == walk
    assert drawing.colour_at(transcript, [walk, wave, again], 1.0) == wave
    assert drawing.colour_at(transcript, [walk, wave, again], 2.5) == drawing.GREY
    many = said(*[(n / 10, n / 10 + 0.1, f"label {n}", "x") for n in range(20)])
    assert len(set(drawing.segment_colours(many))) == len(drawing.COLOURS)


def test_the_attention_picture_has_a_row_a_word_and_refuses_others(tmp_path):
    weights = np.eye(5, 12, dtype=np.float32)
    figure = attention.figure(TWO, weights)
    assert [text for text in texts(figure) if text not in ("walk", "wave")] == TWO.text.split()
    render.draw_attention(TWO, weights, tmp_path / "a.png")
    picture = figure.axes[0].images[0].get_array()
    assert picture.shape == (5, 12, 3)
    rings = next(line for line in figure.axes[0].lines if line.get_label() == "largest weight")
    assert np.allclose(rings.get_xdata(), (np.arange(5) + 0.5) * TWO.duration / 12)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["largest weight", "the word's time"]
    assert np.allclose(picture[0, 1], 1)
    assert picture[0, 0].min() < 0.5
    with pytest.raises(ValueError, match=r"shape \(4, 12\), expected a row for each of 5 words"):
        attention.figure(TWO, weights[:4])
    render.draw_attention(NOTHING, np.zeros((0, 12)), tmp_path / "none.png")


# Camera


def test_a_camera_in_front_sees_the_left_hand_on_the_right():
    camera = drawing.Camera(0.0)
    seen, near = camera.project(np.array([[0.3, 1.5, 0.2], [-0.3, 1.0, -0.2]]), np.zeros(3))
    np.testing.assert_allclose(seen, [[0.3, 1.5], [-0.3, 1.0]])
    np.testing.assert_allclose(near, [0.2, -0.2])


def test_a_camera_that_is_somewhere_sees_near_things_larger():
    camera = drawing.Camera(np.pi / 2, 0.0, 4.0)
    seen, near = camera.project(np.array([[2.0, 1.0, 0.0], [-4.0, 1.0, 0.0], [0.0, 1.0, 1.0]]), np.zeros(3))
    np.testing.assert_allclose(seen, [[0, 2], [0, 0.5], [-1, 1]], atol=1e-12)
    np.testing.assert_allclose(near, [2, -4, 0], atol=1e-12)


# Films


@pytest.fixture(scope="module")
def moving() -> film.Film:
    with drawing.style():
        return film.Film(BODY, TWO, rate=10, width=320)


def test_a_frame_shows_its_moment_whatever_was_drawn_before(moving):
    assert len(moving) == round(BODY.duration * 10)
    first, other, again = moving[3], moving[20], moving[3]
    assert first.shape == (180, 320, 3)
    assert first.dtype == np.uint8
    assert (first == again).all()
    assert (first != other).any()
    with pytest.raises(IndexError):
        moving[len(moving)]


def test_the_latest_word_is_lit_at_its_time(moving):
    times = [word.time for word in TWO.words]
    for frame in range(len(moving)):
        time = frame / 10
        page, latest = film._state(moving.pages, time)
        heard = [word for word in times if word <= time + 1e-9]
        assert latest == (heard[-1] if heard else -1.0)
        artists = list(moving._words(page, latest))
        assert [artist.get_text() for artist in artists] == TWO.text.split()
        assert [artist.get_bbox_patch() is not None for artist in artists] == [moment == latest for moment in times]
        grey = [artist.get_color() == drawing.QUIET for artist in artists]
        assert grey == [moment > latest for moment in times]


def test_every_word_of_a_long_sentence_is_on_the_screen_at_its_time():
    rng = np.random.default_rng(0)
    parts = [(n * 0.5, n * 0.5 + 0.5, "walk", " ".join(rng.choice(WORDS, 6))) for n in range(40)]
    transcript = said(*parts, duration=20.0)
    pages = film._pages(transcript)
    assert [word.text for page in pages for word in page.words] == transcript.text.split()
    assert all(word.left >= 0.3 and word.row < film.ROWS for page in pages for word in page.words)
    for word in transcript.words:
        page, latest = film._state(pages, word.time)
        assert any(shown.time == latest for shown in pages[page].words)


def test_no_pose_leaves_the_screen():
    with drawing.style():
        high = film.Film(Motion(BODY.positions * 1.6, 30, CANONICAL, "giant"), TWO, rate=10, width=320)
    for frame in range(0, len(high), 5):
        seen, _ = high.camera.project(high.body.positions[frame].astype(float), high.path[frame])
        (left, right), (low, top) = high.stage.get_xlim(), high.stage.get_ylim()
        assert left < seen[:, 0].min() <= seen[:, 0].max() < right
        assert low < seen[:, 1].min() <= seen[:, 1].max() + 0.15 < top


@pytest.mark.parametrize("dark", [False, True])
def test_a_film_names_the_recording_and_the_sides_on_light_or_dark(dark):
    with drawing.style():
        one = film.Film(BODY, TWO, rate=10, width=320, dark=dark)
        shown = one[5]
    assert {"take.bvh", "left", "right"} <= set(texts(one.figure))
    corner = shown[-4:, :4].astype(int)
    assert (corner.max() < 40) if dark else (corner.min() == 255)
    long = Transcript((), BODY.duration, "x" * 400)
    with drawing.style():
        name = texts(film.Film(BODY, long, rate=10, width=320).figure)[0]
    assert name.endswith("x…")
    assert drawing.width_of(name, 11) < film.SHAPE[0] - 2.6


@pytest.mark.parametrize("name", ["走る.bvh", "a\nb.bvh", "bad\udcff.bvh"])
def test_a_name_that_the_font_cannot_draw_is_marked(name):
    with drawing.style(), warnings.catch_warnings():
        warnings.simplefilter("error")
        one = film.Film(BODY, Transcript((), BODY.duration, name), rate=10, width=320)
    assert texts(one.figure)[0] == re.sub(r"[^a-z.]", "\N{REPLACEMENT CHARACTER}", name)


@pytest.mark.parametrize("body", [BODY, BODY.clip(0, 0.01)], ids=["three seconds", "one frame"])
@pytest.mark.parametrize("transcript", [TWO, NOTHING], ids=["two", "nothing"])
def test_a_gif_lasts_as_long_as_the_recording_on_white_paper(body, transcript, tmp_path):
    render.make_film(body, transcript, tmp_path / "a.gif", width=320)
    picture = Image.open(tmp_path / "a.gif")
    assert picture.size == (320, 180)
    length = 0
    for frame in range(getattr(picture, "n_frames", 1)):
        picture.seek(frame)
        length += picture.info.get("duration", 0)
    wanted = 1000 * max(1, round(body.duration * 12.5)) / 12.5
    assert abs(length - wanted) <= 10 or picture.n_frames == 1
    corner = pixels(tmp_path / "a.gif")[:5, :5]
    assert (corner == 255).all()


def test_an_mp4_has_its_frames_its_rate_and_its_subtitles(tmp_path):
    imageio_ffmpeg = pytest.importorskip("imageio_ffmpeg")
    counted = []

    def progress(frames, count):
        counted.append(count)
        return frames

    render.make_film(BODY, TWO, tmp_path / "a.mp4", rate=20, width=320, subtitles=True, progress=progress)
    frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(tmp_path / "a.mp4"))
    assert (frames, counted) == (60, [60])
    assert seconds == pytest.approx(3.0, abs=0.06)
    content = (tmp_path / "a.mp4").read_bytes()
    assert b"tx3g" in content
    assert b"a person walks" in content
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
    reader = imageio_ffmpeg.read_frames(str(tmp_path / "a.mp4"))
    about = next(reader)
    assert (about["size"], about["fps"], about["codec"]) == ((320, 180), 20.0, "h264")
    shown = np.frombuffer(next(reader), np.uint8).reshape(180, 320, 3).astype(int)
    reader.close()
    with drawing.style():
        drawn = film.Film(BODY, TWO, rate=20, width=320)[0].astype(int)
    assert np.abs(shown - drawn).mean() < 3


def test_a_film_without_subtitles_has_no_track(tmp_path):
    render.make_film(BODY, TWO, tmp_path / "a.mp4", rate=5, width=320)
    assert b"tx3g" not in (tmp_path / "a.mp4").read_bytes()


# What can go wrong


@pytest.mark.parametrize(
    ("name", "said_of_it"),
    [("a.jpg", "suffix '.jpg'; m2l render draws .png, .svg, .pdf, .gif, .mp4"), ("a", "no suffix; m2l render draws"),
     ("none/a.png", "cannot be written"), (".", "no suffix"), ("folder.png", "cannot be written")],
)  # fmt: skip
def test_a_file_that_cannot_be_drawn_is_refused_before_any_work(name, said_of_it, tmp_path):
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(ValueError, match=re.escape(said_of_it)):
        render.require(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "options", "said_of_it"),
    [("a.gif", {"rate": 0.5}, "0.5 frames per second; give 1 to 120"),
     ("a.gif", {"rate": float("nan")}, "nan frames per second; give 1 to 120"),
     ("a.gif", {"width": 333}, "333 pixels wide; give a multiple of 32"),
     ("a.gif", {"width": 4096}, "4096 pixels wide"), ("a.gif", {"subtitles": True}, "only .mp4 carries subtitles")],
)  # fmt: skip
def test_impossible_films_are_one_line(name, options, said_of_it, tmp_path):
    with pytest.raises(ValueError, match=re.escape(said_of_it)):
        render.make_film(BODY, TWO, tmp_path / name, **options)
    assert list(tmp_path.iterdir()) == []


def test_a_gif_of_minutes_is_refused(tmp_path):
    long = Motion(np.tile(BODY.positions, (25, 1, 1)), BODY.fps, CANONICAL, "long")
    with pytest.raises(ValueError, match=r"75 s; a GIF holds 60 s, give an \.mp4"):
        render.require(tmp_path / "a.gif", long)


@pytest.mark.parametrize(
    ("module", "name", "extra"), [("matplotlib.figure", "a.png", "plot"), ("imageio_ffmpeg", "a.mp4", "video")]
)
def test_a_missing_extra_is_one_line(module, name, extra, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ValueError, match=rf"not installed; pip install 'motion2language\[{extra}\]'"):
        render.require(tmp_path / name)


def test_what_ffmpeg_complains_of_is_passed_on(tmp_path, monkeypatch):
    fake = tmp_path / "ffmpeg"
    fake.write_text("#!/bin/sh\necho no such encoder >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(render, "_ffmpeg", lambda: str(fake))
    with pytest.raises(ValueError, match="ffmpeg could not make the film: no such encoder"):
        render.make_film(BODY, TWO, tmp_path / "a.mp4", rate=5, width=320)
    assert [path.name for path in tmp_path.iterdir()] == ["ffmpeg"]


def test_a_film_that_is_stopped_leaves_nothing(tmp_path):
    def stop(frames, count):
        yield next(iter(frames))
        raise KeyboardInterrupt

    for name in ("a.mp4", "a.gif"):
        with pytest.raises(KeyboardInterrupt):
            render.make_film(BODY, TWO, tmp_path / name, rate=5, width=320, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_pictures_and_films_show_doubt_and_no_words_of_an_unknown_action():
    first, second = TWO.segments
    head = Facts(
        side="right", limb="arm", right_hand=("to the head",), start_posture="standing", end_posture="standing"
    )
    doubted = replace(TWO, segments=(replace(first, confidence=0.06), replace(second, facts=head, known=False)))
    found = texts(poses.figure(BODY, doubted))
    said = ["walk ?", "unknown", "a person walks (? 6 %)", "unknown action: right hand to the head, standing"]
    assert set(said) <= set(found) and not any("wave" in text for text in found)
    words = [word.text for page in film.Film(BODY, doubted, rate=10, width=480).pages for word in page.words]
    assert " ".join(words) == f"{said[2]} {said[3]}"
    assert drawing.segment_colours(doubted)[0] == drawing.segment_colours(TWO)[0]
    wordless = replace(TWO, segments=(replace(first, words=(), confidence=0.1), replace(second, words=(), known=False)))
    assert {"walk ?", "unknown action"} <= set(texts(poses.figure(BODY, wordless)))


def test_films_count_repetitions_below_the_sentence():
    facts = Facts(side="right", limb="arm", repetitions=2, repetition_times=(1.6, 2.2))
    first, second = TWO.segments
    counting = film.Film(BODY, replace(TWO, segments=(first, replace(second, facts=facts))), rate=10, width=480)
    plain = film.Film(BODY, TWO, rate=10, width=480)
    assert [counting._count(time) for time in (1.5, 1.6, 2.3, 2.9)] == ["", "wave · 1", "wave · 2", ""]
    assert plain.strip == 0.0 < counting.strip
    low, high = (round((film.SHAPE[1] - inches) * 50) for inches in (0.78 + film.COUNT, 0.78))
    before, after = (counting[frame][low:high].astype(int) for frame in (15, 16))
    assert (before == 255).all()
    assert (after < 200).any()


def test_a_film_of_a_walk_counts_no_steps_as_repetitions():
    facts = Facts(steps=4, limb="whole body", repetitions=2, repetition_times=(0.5, 1.0))
    first, second = TWO.segments
    walk = replace(TWO, segments=(replace(first, facts=facts), second))
    assert film.Film(BODY, walk, rate=10, width=480).counts == []

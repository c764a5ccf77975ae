"""formats/c3d and formats/trc: files as ezc3d and laboratories write them, and errors."""

import re
import struct
import warnings

import ezc3d
import numpy as np
import pytest
from bodies import walking
from marked import FULL, MEDIAL, c3d_bytes, skin, trc_text, write_c3d
from small import recording

from motion2language import load_model, read_motion
from motion2language.body import to_canonical
from motion2language.formats import FORMATS, bvh, c3d, files_in, trc
from motion2language.formats.contents import detect_suffix
from motion2language.formats.reading import ReadOptions, read_with_axes
from motion2language.motion import CANONICAL
from motion2language.server.uploads import Upload, read_upload

BODY = walking(40)


def put(*labels: str) -> dict[str, np.ndarray]:
    """Markers of a walking body, those of Plug-in Gait or those named."""
    return {label: path for label, path in skin(BODY).items() if label in (labels or FULL)}


def test_points_equal_those_that_ezc3d_wrote(tmp_path):
    markers = put() | {f"*{number}": np.random.default_rng(number).normal(size=(40, 3)) for number in range(260)}
    markers["LKNE"][5:9] = np.nan
    path = write_c3d(tmp_path / "a.c3d", markers, fps=120, unit="cm", analog=4)
    found, oracle = c3d.points(path.read_bytes()), ezc3d.c3d(str(path))
    assert found.labels == list(markers)
    assert (found.fps, found.unit) == (120, "cm")
    np.testing.assert_allclose(found.positions, oracle["data"]["points"][:3].T, atol=1e-6)
    assert np.isnan(found.positions[5:9, found.labels.index("LKNE")]).all()
    assert np.isnan(found.positions).sum() == 4 * 3


@pytest.mark.parametrize("processor", [84, 85, 86])
@pytest.mark.parametrize("scale", [-0.1, 0.1])
def test_every_processor_and_both_kinds_of_numbers(processor, scale, tmp_path):
    path = tmp_path / "a.c3d"
    path.write_bytes(c3d_bytes(put(), processor=processor, scale=scale, unseen=[(3, 7)]))
    found, written = c3d.points(path.read_bytes()), np.stack(list(put().values()), axis=1) * 1000
    written[7, 3] = np.nan  # by its residual
    np.testing.assert_allclose(found.positions, written, atol=0.051 if scale > 0 else 1e-3)
    if processor != 86:  # ezc3d does not read it
        np.testing.assert_allclose(found.positions, ezc3d.c3d(str(path))["data"]["points"][:3].T, atol=1e-3)
    assert np.isnan(found.positions[7, 3]).all()
    assert np.isnan(found.positions).sum() == 3
    assert found.labels == list(put())


@pytest.mark.parametrize("trial", [True, False], ids=["counted elsewhere", "counted nowhere"])
def test_more_frames_than_the_header_counts(trial):
    content = c3d_bytes({"A": np.ones((70_000, 3)), "B": np.full((70_000, 3), 2)}, trial=trial)
    assert c3d.points(content).positions.shape == (70_000, 2, 3)


@pytest.mark.parametrize("unit", ["mm", "cm", "m", "furlong", ""])
def test_the_unit_is_the_files_or_detected_from_the_body(unit, tmp_path):
    motion, axes = read_with_axes(write_c3d(tmp_path / "a.c3d", put(), unit=unit))
    assert (axes.unit, axes.up) == (unit if unit in ("mm", "cm", "m") else "mm", "z")
    assert motion.skeleton.joints[0] == "pelvis"
    assert np.abs(to_canonical(motion).positions[:, 14] - BODY[:, 14]).max() < 0.02  # the left knee


def test_a_unit_that_fits_no_body_is_detected_from_the_body(tmp_path):
    metres = {label: path / 1000 for label, path in put().items()}
    motion, axes = read_with_axes(write_c3d(tmp_path / "a.c3d", metres, unit="mm"))
    assert axes.unit == "m"
    assert np.abs(to_canonical(motion).positions[:, 14] - BODY[:, 14]).max() < 0.02


#: The direction of a lying body's head, on the floor of a laboratory with Z up: along X, against X, against Y.
LYING = {
    "x": [[0, 1, 0], [-1, 0, 0], [0, 0, 1]], "-x": [[0, -1, 0], [1, 0, 0], [0, 0, 1]],
    "-y": [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
}  # fmt: skip


@pytest.mark.parametrize("turn", LYING.values(), ids=LYING)
def test_the_file_gives_the_up_axis_of_a_lying_body(turn, tmp_path):
    lying = {label: path @ np.array(turn).T for label, path in put().items()}
    motion, axes = read_with_axes(write_c3d(tmp_path / "a.c3d", lying, X_SCREEN=["+X"], Y_SCREEN=["+Z"]))
    assert axes.up == "z"
    assert np.ptp(motion.positions[0, :, 1]) < 0.7
    assert read_with_axes(write_c3d(tmp_path / "a.c3d", lying, Y_SCREEN=["-Y"]))[1].up == "-y"


def test_a_standing_body_gives_the_up_axis(tmp_path):
    for screen in ("+Y", "-Z", "up"):
        assert read_with_axes(write_c3d(tmp_path / "a.c3d", put(), Y_SCREEN=[screen]))[1].up == "z"


@pytest.mark.parametrize(("kind", "subject"), [("ANGLES", ""), ("FORCES", ""), ("MOMENTS", "Ann:"), ("POWERS", "Ann:")])
def test_points_listed_as_angles_are_not_markers(kind, subject, tmp_path):
    """Angles of a knee under the label of a marker, before that marker."""
    degrees = {f"{subject}LKnee": BODY[:, 0] * 0 + (60, 5, 0)}
    markers = degrees | {subject + label: path for label, path in put().items()}
    path = write_c3d(tmp_path / "a.c3d", markers, TYPE_GROUPS=[kind], **{kind: ["LKnee"]})
    plain = read_motion(write_c3d(tmp_path / "b.c3d", put()))
    np.testing.assert_array_equal(read_motion(path).positions, plain.positions)


@pytest.mark.parametrize("labels", [FULL, FULL + MEDIAL])
def test_joints_are_recovered_to_centimetres(labels, tmp_path):
    motion = to_canonical(read_motion(write_c3d(tmp_path / "a.c3d", put(*labels))))
    off = np.linalg.norm(motion.positions - BODY, axis=2).max(axis=0)
    assert dict(zip(CANONICAL.joints, off, strict=True)) == pytest.approx(dict.fromkeys(CANONICAL.joints, 0), abs=0.035)
    legs = [CANONICAL.index(f"{side}_{part}") for side in ("left", "right") for part in ("hip", "knee", "ankle", "toe")]
    assert off[legs].max() < 0.01


def test_a_table_of_markers_is_the_same_recording(tmp_path):
    (tmp_path / "a.trc").write_text(trc_text(put(), 100))
    text, binary = read_motion(tmp_path / "a.trc"), read_motion(write_c3d(tmp_path / "a.c3d", put()))
    np.testing.assert_allclose(text.positions, binary.positions, atol=1e-5)
    assert (text.fps, text.name, binary.name) == (100, "a.trc", "a.c3d")


def test_three_zeros_are_not_a_position():
    markers = put()
    markers["LKNE"] = markers["LKNE"].copy()
    markers["LKNE"][5:9] = 0
    column = list(markers).index("LKNE")
    for found in (c3d.points(c3d_bytes(markers)), trc.table(trc_text(markers, 100))):
        assert np.flatnonzero(np.isnan(found.positions[:, column]).all(axis=1)).tolist() == [5, 6, 7, 8]
        assert np.isnan(found.positions).sum() == 4 * 3


def test_the_number_of_frames_is_unsigned():
    content = bytearray(c3d_bytes({"A": np.ones((40_000, 3))}))
    assert c3d.points(content).positions.shape == (40_000, 1, 3)
    content[8:10] = b"\0\0"  # the last frame's number in the header: POINT:FRAMES counts them
    assert c3d.points(content).positions.shape == (40_000, 1, 3)


def test_a_walk_in_c3d_is_described_as_in_bvh(tmp_path):
    motion = recording(2)
    bvh.write(motion, tmp_path / "a.bvh")
    write_c3d(tmp_path / "a.c3d", {k: v for k, v in skin(motion.positions).items() if k in FULL}, motion.fps)
    captioner = load_model("default")
    transcripts = [captioner.transcribe(tmp_path / name, beam=1) for name in ("a.bvh", "a.c3d")]
    labels = [[segment.label for segment in transcript.segments] for transcript in transcripts]
    assert labels[0] == labels[1] != []
    for one, other in zip(transcripts[0].segments, transcripts[1].segments, strict=True):
        assert (one.start, one.end) == pytest.approx((other.start, other.end), abs=0.25)


def test_two_people_are_an_error_until_one_is_chosen(tmp_path):
    both = {f"Ann:{label}": path for label, path in put().items()}
    both |= {f"Bob:{label}": path + np.array([0, 0, 3]) for label, path in put().items()} | {"box:C7": put()["C7"]}
    path = write_c3d(tmp_path / "a.c3d", both)
    with pytest.raises(ValueError, match=r"a\.c3d: contains 2 subjects, Ann, Bob; choose one with --subject NAME"):
        read_motion(path)
    with pytest.raises(ValueError, match="contains no subject 'Cid'; expected Ann, Bob"):
        read_motion(path, subject="Cid")
    ann, bob = (read_motion(path, subject=name).positions for name in ("Ann", "Bob"))
    upload = read_upload([Upload("a", path.read_bytes())], ReadOptions(subject="Bob"))
    np.testing.assert_array_equal(upload.positions, bob)
    np.testing.assert_allclose(bob - ann, np.broadcast_to([0, 0, 3], bob.shape), atol=1e-4)


def test_people_are_distinguished_by_words_before_the_label(tmp_path):
    both = {f"Ann_{label}": path for label, path in put().items()}
    both |= {f"Bob_{label}": path + np.array([0, 0, 3]) for label, path in put().items()} | {"LHJC": put()["LASI"]}
    path = write_c3d(tmp_path / "a.c3d", both)
    with pytest.raises(ValueError, match="contains 2 subjects, Ann, Bob; choose one"):
        read_motion(path)
    alone = read_motion(write_c3d(tmp_path / "b.c3d", put())).positions
    np.testing.assert_allclose(read_motion(path, subject="Ann").positions, alone, atol=1e-4)
    np.testing.assert_allclose(read_motion(path, subject="Bob").positions, alone + np.array([0, 0, 3]), atol=1e-4)


def test_uploads_are_recognised_by_their_content(tmp_path):
    content = write_c3d(tmp_path / "a.c3d", put()).read_bytes()
    assert detect_suffix(content) == ".c3d"
    assert detect_suffix(trc_text(put(), 100).encode()) == ".trc"
    assert read_upload([Upload("walk.bin", content)], ReadOptions()).frames == 40


def test_markers_beside_joints_are_the_same_take(tmp_path):
    for name in ("a.bvh", "a.npz", "a.c3d", "b.c3d", "b.trc", "c.trc", "1_mmm.xml", "1_raw.c3d"):
        (tmp_path / name).touch()
    assert [path.name for path in files_in(tmp_path)] == ["1_mmm.xml", "a.bvh", "a.npz", "b.c3d", "c.trc"]


def content(**parameters) -> bytes:
    return c3d_bytes(put(), **parameters)


SOUND = content()


def edited(at: int, data: bytes) -> bytes:
    return SOUND[:at] + data + SOUND[at + len(data) :]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x02", "not a C3D file"),
        (b"HIERARCHY" * 100, "not a C3D file"),
        (edited(0, b"\x00"), "not a C3D file"),
        (edited(0, b"\xff"), "not a C3D file"),
        (edited(515, b"\x00"), "not a C3D file"),
        (edited(SOUND.index(b"LABELS") + 10, b"\xff\xff"), "cut off within its parameter POINT:LABELS"),
        (edited(SOUND.index(b"UNITS") + 7, b"\x07"), "parameter POINT:UNITS has an unknown type"),
        (SOUND[:700], "cut off within its parameters|cut off: it declares 40 frames and contains 0"),
        (SOUND[: 512 * (SOUND[16] - 1)], "cut off: it declares 40 frames and contains 0"),
        (edited(2, struct.pack("<H", 12)), "header has 12 points, POINT:USED 39; is the file damaged"),
        (edited(16, struct.pack("<H", 0)), "the start of its data is missing"),
        (content(scale=0.0), r"POINT:SCALE is 0\.0"),
        (content(scale=float("nan")), "POINT:SCALE is nan"),
        (c3d_bytes({}), "the file contains other data but no points"),
        (content(fps=0.0), r"frame rate 0\.0 is not a positive number; set the right one with --fps"),
        (content(fps=float("nan")), "frame rate nan"),
        (content(fps=1e30), r"1e\+30 frames per second, expected"),
        (c3d_bytes({label: path * np.nan for label, path in put().items()}), "no markers determine head"),
        (
            c3d_bytes({label: path * 1e33 for label, path in put().items()}),
            r"a marker.s coordinate is \d.*e\+3\d, expected a finite number",
        ),
        (c3d_bytes({label: path + 2e5 for label, path in put().items()}), "m from the origin"),
        (c3d_bytes({"LASI": put()["LASI"], "L\n\x1b": put()["LANK"]}), "found LASI L$"),
    ],
)
def test_an_error_names_the_file_and_the_problem(content, message, tmp_path):
    path = tmp_path / "a.c3d"
    path.write_bytes(content)
    with warnings.catch_warnings(), pytest.raises(ValueError, match=message) as caught:
        warnings.simplefilter("error", RuntimeWarning)
        to_canonical(read_motion(path))
    assert str(caught.value).startswith(str(path)) or "a.c3d" in str(caught.value)
    assert "\n" not in str(caught.value)


TABLE = trc_text(put(), 100)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n" * 9, "not a TRC file"),
        (re.sub("(?m)^Frame#.*$", "Frame#\tTime", TABLE), "not a TRC file"),
        (re.sub("(?m)^(1\t\\S+)\t", r"\1\tx", TABLE), "line 7, column 3: 'x.*', expected a number or an empty cell"),
        (TABLE.replace("100\t", "x\t", 1), "lacks DataRate"),
        (TABLE.replace("\t", ";"), "not a TRC file"),
        (TABLE[: TABLE.rindex("\t", 0, -200)], r"frame 39 has \d+ cells, expected 119"),
        ("\n".join([*TABLE.split("\n")[:6], ""]).replace("\t40\t", "\t0\t"), "the file contains no frames"),
    ],
)
def test_an_error_in_a_table_names_the_file_and_the_problem(text, message, tmp_path):
    (tmp_path / "a.trc").write_text(text)
    with pytest.raises(ValueError, match=r"a\.trc: .*" + message):
        read_motion(tmp_path / "a.trc")


def test_a_table_with_a_marker_without_a_label_and_frames_written_to_the_right():
    markers = put()
    lines = trc_text(markers, 100).replace("\tLFHD\t", "\t\t").split("\n")
    found = trc.table("\n".join([*lines[:6], *(line.rjust(len(line) + 2) for line in lines[6:])]))
    assert found.labels == ["" if label == "LFHD" else label for label in markers]
    np.testing.assert_array_equal(found.positions, trc.table(TABLE).positions)
    lines[3] = "Frame#\tTime\t" + "\t".join(markers)  # labels one after the other
    assert trc.table("\n".join(lines)).labels == list(markers)


def test_gaps_are_filled_or_reported(tmp_path):
    markers = put()
    markers["LKNE"][5:9] = np.nan
    with pytest.warns(UserWarning, match=r"a\.c3d: 4 marker positions in gaps of up to 0\.25 s are filled"):
        filled = read_motion(write_c3d(tmp_path / "a.c3d", markers, fps=30))
    whole = read_motion(write_c3d(tmp_path / "b.c3d", put(), fps=30))
    assert np.abs(filled.positions - whole.positions).max() < 0.04
    markers["LKNE"][10:30] = np.nan
    with pytest.warns(UserWarning, match=r"gaps of up to 1 s are crossed: left knee 0\.33 to 1\.00 s"):
        assert read_motion(write_c3d(tmp_path / "a.c3d", markers, fps=30)).seen is None
    with pytest.warns(
        UserWarning, match=r"not seen for longer than 0\.5 s, so absent then: left knee 0\.33 to 1\.00 s"
    ):
        motion = read_motion(tmp_path / "a.c3d", gap=0.5)
    assert list(np.flatnonzero(~motion.seen.all(axis=1))) == list(range(10, 30))
    assert np.flatnonzero(~motion.seen[10]).tolist() == [motion.skeleton.index("left_knee")]
    text = trc_text(markers | {"LKNE": put()["LKNE"]}, 30).split("\n")
    cells = text[8].split("\t")
    text[8] = "\t".join([*cells[:2], "", "", "", *cells[5:]])
    assert np.isnan(trc.table("\n".join(text)).positions[2, 0]).all()


def test_fewer_frames_than_declared_are_a_note(tmp_path):
    (tmp_path / "a.c3d").write_bytes(SOUND[: len(SOUND) // 2])
    with pytest.warns(UserWarning, match="^a.c3d: declares 40 frames, there are 19; all of them are read"):
        assert read_motion(tmp_path / "a.c3d").frames == 19
    (tmp_path / "a.trc").write_text("\n".join(TABLE.split("\n")[:9]))
    with pytest.warns(UserWarning, match="^a.trc: declares 40 frames, there are 3; all of them are read"):
        assert read_motion(tmp_path / "a.trc").frames == 3


def test_a_table_parted_by_commas_or_with_decimal_commas_is_the_same():
    expected = trc.table(TABLE).positions
    np.testing.assert_array_equal(trc.table(TABLE.replace("\t", ",")).positions, expected)
    head, frames = TABLE.split("\n\n")
    np.testing.assert_array_equal(trc.table(f"{head}\n\n{frames.replace('.', ',')}").positions, expected)
    with pytest.raises(ValueError, match=r"line 9, column 4: '1,5', expected a number"):
        trc.table(re.sub(r"(?m)^(3\t\S+\t\S+\t)\S+", r"\g<1>1,5", TABLE))


def test_fps_is_overridden_and_names_are_kept(tmp_path):
    write_c3d(tmp_path / "a.c3d", put(), fps=50).rename(tmp_path / "WALK.C3D")
    motion = read_motion(tmp_path / "WALK.C3D", fps=25)
    assert (motion.fps, motion.name, FORMATS[".c3d"]) == (25, "WALK.C3D", "c3d")
    assert trc.table(trc_text(put(), 50), fps=25).fps == 25

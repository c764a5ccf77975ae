"""Tables as programs and people write them: what stands before the head, how columns are named, how text is encoded."""

import io
import zipfile

import numpy as np
import pytest
from marked import FULL, skin, trc_text
from small import recording

import motion2language as m2l
from motion2language.body import to_canonical
from motion2language.formats.contents import detect_suffix

MOTION = recording(2).clip(0, 0.5)
JOINTS = MOTION.skeleton.joints


def camel(joint: str) -> str:
    return "".join(word.title() for word in joint.split("_"))


def rows(mark: str = ",") -> list[str]:
    return [
        mark.join([f"{number / MOTION.fps:.4f}", *(f"{value:.6f}" for value in frame.ravel())])
        for number, frame in enumerate(MOTION.positions)
    ]


def names(write, mark: str = ",") -> str:
    return mark.join(["time", *(write(joint, axis) for joint in JOINTS for axis in "xyz")])


USUAL = names(lambda joint, axis: f"{joint}_{axis}")
ABOVE = ",".join(["", *(camel(joint) for joint in JOINTS for _ in range(3))])
ONCE = ",".join(["", *(camel(joint) if axis == "x" else "" for joint in JOINTS for axis in "xyz")])
AXES = ",".join(["time", *"xyz" * len(JOINTS)])
DOTTED = f'"{camel(JOINTS[0])}:X"'
HEADS = {
    "a comment": ["# exported by a program, on a day", USUAL],
    "a title and an empty line": ["Session 3;trial 2", "", USUAL],
    "empty lines": ["", "", USUAL],
    "joints above axes": [ABOVE, AXES],
    "joints once above axes": ["Trial 7", ONCE, AXES.upper()],
    "as pandas writes it": [ABOVE, AXES.replace("time", ""), "time" + "," * 3 * len(JOINTS)],
    "units below": [USUAL, ",".join(["s", *["m"] * 3 * len(JOINTS)])],
    "units below axes": [ABOVE, AXES, ",".join(["[s]", *["[m]"] * 3 * len(JOINTS)])],
    "axes without a gap": [names(lambda joint, axis: f"{camel(joint)}{axis.upper()}")],
    "axes after a colon": [names(lambda joint, axis: f"{camel(joint)}:{axis.upper()}")],
    "a line break in a name": [USUAL.replace("time", '"time\n(s)"')],
}


def written(tmp_path, text: str, encoding: str = "utf-8"):
    path = tmp_path / "take.csv"
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize("mark", [",", ";"])
def test_the_head_is_found_wherever_it_stands(kind, mark, tmp_path):
    text = "\n".join([line.replace(",", mark) for line in HEADS[kind]] + rows(mark)) + "\n"
    body = to_canonical(m2l.read_motion(written(tmp_path, text)))
    assert body.fps == MOTION.fps
    np.testing.assert_allclose(body.positions, MOTION.positions, atol=1e-5)
    assert detect_suffix(text.encode()) == ".csv"


def test_excel_names_the_separator(tmp_path):
    text = "\n".join(["sep=;", USUAL.replace(",", ";"), *rows(";")]).replace(".", ",")
    body = to_canonical(m2l.read_motion(written(tmp_path, text)))
    np.testing.assert_allclose(body.positions, MOTION.positions, atol=1e-5)


@pytest.mark.parametrize(
    "write", ["{:02d}:59:{:09.6f}", "2024-05-01 {:02d}:59:{:09.6f}", "2024-05-01T{:02d}:59:{:08.5f}Z"]
)
def test_times_of_day(write, tmp_path):
    lines = [write.format(9, 3 + n / 30) + "," + row.split(",", 1)[1] for n, row in enumerate(rows())]
    body = to_canonical(m2l.read_motion(written(tmp_path, "\n".join([USUAL, *lines]))))
    assert body.fps == 30
    np.testing.assert_allclose(body.positions, MOTION.positions, atol=1e-5)


def test_a_cell_that_is_no_number_is_named_by_the_line_of_the_file(tmp_path):
    lines = rows()
    lines[1] = lines[1].replace(lines[1].split(",")[4], "far", 1)
    text = "\n".join(["# title", "", *HEADS["units below axes"], *lines])
    with pytest.raises(ValueError, match="line 7, column Spine_x: 'far', expected a number"):
        m2l.read_motion(written(tmp_path, text))


def test_a_table_of_two_dimensions_in_two_rows_is_named_as_such(tmp_path):
    text = "scorer,net,net,net\nbodyparts,Nose,Nose,Nose\ncoords,x,y,likelihood\n0,1,2,0.9\n1,1,2,0.9\n"
    with pytest.raises(ValueError, match="the points are 2-D, without z"):
        m2l.read_motion(written(tmp_path, text), fps=30)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_windows_writes_text_in_other_encodings(encoding, tmp_path):
    text = "\r\n".join([USUAL, *rows()]) + "\r\n"
    body = to_canonical(m2l.read_motion(written(tmp_path, text, encoding)))
    np.testing.assert_allclose(body.positions, MOTION.positions, atol=1e-5)
    (tmp_path / "take.bvh").write_text("HIERARCHY\nROOT", encoding=encoding)
    assert detect_suffix((tmp_path / "take.bvh").read_bytes()) == ".bvh"
    with pytest.raises(ValueError, match="MOTION"):
        m2l.read_motion(tmp_path / "take.bvh")
    written(tmp_path, text, encoding).rename(tmp_path / "take.trc")
    with pytest.raises(ValueError, match="PathFileType"):
        m2l.read_motion(tmp_path / "take.trc")


def zipped(name: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, "HIERARCHY")
    return content.getvalue()


@pytest.mark.parametrize(("name", "content", "message"), [
    ("take.bvh", zipped("deep/take.bvh"), "an archive; unpack it first"),
    ("take.bvh", zipped("positions.npy"), "its content is that of a .npz file: rename it"),
    ("take.csv", zipped("[Content_Types].xml"), "a spreadsheet; save its sheet as CSV"),
    ("take.xlsx", zipped("[Content_Types].xml"), "a spreadsheet; save its sheet as CSV"),
    ("take.fbx", b"\x1f\x8b\x08 and so on", "an archive; unpack it first"),
    ("take.mat", b"MATLAB 5.0 MAT-file", "a file of arrays, which is not read; save the joints"),
])  # fmt: skip
def test_other_files_are_named_by_what_they_are(name, content, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        m2l.read_motion(tmp_path / name)


def with_blanks(text: str, indent: str = "") -> str:
    """A TRC file with blanks where it has tabs, from the labels on."""
    lines = text.splitlines()
    return "\n".join([*lines[:3], *(indent + " ".join(line.split()) for line in lines[3:])]) + "\n"


@pytest.mark.parametrize("indent", ["", "   "])
def test_trc_with_blanks_for_tabs(indent, tmp_path):
    put = {label: path for label, path in skin(MOTION.positions).items() if label in FULL}
    path = tmp_path / "take.trc"
    path.write_text(trc_text(put, 30))
    expected = m2l.read_motion(path)
    path.write_text(with_blanks(trc_text(put, 30), indent))
    found = m2l.read_motion(path)
    assert found.skeleton == expected.skeleton
    np.testing.assert_array_equal(found.positions, expected.positions)
    lines = path.read_text().splitlines()
    lines[8] = lines[8].rpartition(" ")[0]  # a cell is missing, no one knows which
    path.write_text("\n".join(lines))
    with pytest.raises(ValueError, match=r"frame 2 has \d+ cells, expected \d+: frame, time"):
        m2l.read_motion(path)


def test_two_columns_of_one_name_are_refused_and_one_frame_has_no_rate(tmp_path):
    table = tmp_path / "take.csv"
    columns = ["time", *(f"{joint}.{axis}" for joint in JOINTS for axis in "xyz")]
    numbers = ["0", *(f"{value:.3f}" for value in MOTION.positions[0].ravel())]
    table.write_text(",".join([*columns, "pelvis.x"]) + "\n" + ",".join([*numbers, "0"]) + "\n")
    with pytest.raises(ValueError, match=r"take\.csv: two columns are named pelvis\.x; expected one"):
        m2l.read_motion(table)
    table.write_text(",".join(columns) + "\n" + ",".join(numbers) + "\n")
    with pytest.raises(ValueError, match="one frame, from which no frame rate follows; give it with --fps"):
        m2l.read_motion(table)
    assert m2l.read_motion(table, fps=30).frames == 1

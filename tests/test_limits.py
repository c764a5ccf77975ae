"""The gate for counts, numbers and names from files: no file takes memory, time or the terminal by what it declares."""

import io
import json
import sys
import time
import tracemalloc
import zipfile

import numpy as np
import pytest
from marked import FULL, skin, trc_text
from small import recording
from test_amc import ASF

from motion2language.files import read_array_header, read_arrays
from motion2language.formats import limits, reading
from motion2language.formats.kinematics import forward
from motion2language.formats.reading import ReadOptions, read_with_axes
from motion2language.live.protocol import Fault, parse
from motion2language.motion import Skeleton


def npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode().ljust(246)[:5000] + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def bvh(joints: int, frames: int, name: str = "j") -> str:
    """A root that turns, with `joints` children that do not."""
    inside = "\n".join(f"JOINT {name}\n{{\nOFFSET 0 1 0\n}}" for _ in range(joints))
    head = f"HIERARCHY\nROOT Hips\n{{\nOFFSET 0 0 0\nCHANNELS 1 Xrotation\n{inside}\n}}\nMOTION\n"
    return head + f"Frames: {frames}\nFrame Time: 0.03\n" + "1\n" * frames


def chain(bones: int) -> str:
    """An .asf of bones one below another."""
    data = "\n".join(f"begin\nname b{number}\ndirection 0 1 0\nlength 1\nend" for number in range(bones))
    rows = "\n".join(f"b{number} b{number + 1}" for number in range(bones - 1))
    return f":root\norder rx\n:bonedata\n{data}\n:hierarchy\nbegin\nroot b0\n{rows}\nend\n"


def wide_trc(markers: int, frames: int) -> str:
    head = "PathFileType\t4\nDataRate\tUnits\n30\tmm\nFrame#\tTime\t"
    return head + "A\t\t\t" * markers + "\n\n" + "1\t0\t1\n" * frames


def with_one_huge_coordinate() -> str:
    put = {label: path for label, path in skin(recording(1).clip(0, 0.5).positions).items() if label in FULL}
    lines = trc_text(put, 30).split("\n")
    cells = lines[8].split("\t")
    cells[2 + 3 * list(put).index("LASI")] = "1e308"
    lines[8] = "\t".join(cells)
    cells = lines[9].split("\t")
    cells[2 + 3 * list(put).index("LASI") : 5 + 3 * list(put).index("LASI")] = [""] * 3  # a gap, which a fit fills
    lines[9] = "\t".join(cells)
    return "\n".join(lines)


BODY = {"fps": np.float64(30), "parents": np.arange(-1, 0)}
SHAPE = "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }"
CASES = {
    "same names.npz": (npz(**BODY, positions=np.zeros((2, 1, 3)), joints=np.full(200_000, "a")), "200,000 joints"),
    "wide names.npz": (npz(**BODY, positions=np.zeros((2, 1, 3)), joints=np.array(["a" * 50_000_000])), "'joints'"),
    "unpacks.npz": (npz(**BODY, positions=np.zeros((3_000_000, 3, 3), "f2"), joints=np.full(1, "a")), "000 x 3 x 3"),
    "thin.bvh": (bvh(1999, 20_000).encode(), "20,000 x 2,000 x 3 values, expected at most 2"),
    "wide.bvh": (bvh(5_000, 2).encode(), "2,001 joints, expected at most 2,000"),
    "channels.bvh": (bvh(1, 2).replace("1 Xrotation", "99999" + " Xrotation" * 99_999).encode(),
                     "expected their number and as many names"),
    "wide.trc": (wide_trc(60_000, 50).encode(), "joints, expected at most 2,000"),
    "deep.trc": (wide_trc(1900, 100_000).encode(), "100,000 x 1,900 x 3 values"),
    "huge.trc": (with_one_huge_coordinate().encode(), r"a marker's coordinate is 1e\+308"),
    "huge.bvh": (bvh(1, 2).replace("OFFSET 0 1 0", "OFFSET 0 1e300 0").encode(), r"OFFSET is 1e\+300"),
    "shape.npy": (npy(SHAPE % "(99999999999999999999999, 22, 3)"), "whole numbers, zero or above"),
    "product.npy": (npy(SHAPE % "(4611686018427387903, 22, 3)"), "is cut off"),
    "true.npy": (npy(SHAPE % "(True, 22, 3)", bytes(600)), "whole numbers, zero or above"),
    "minus.npy": (npy("-" * 4500), "its header is damaged"),
    "object.npy": (npy(SHAPE.replace("<f4", "O") % "(1, 22, 3)"), "contains Python objects"),
    "type.npy": (npy("{'descr': '<M8[2147483648s]', 'fortran_order': 3, 'shape': (1,), }"), r"type\.npy"),
    "deep.xml": (b"<MMM>" + b"<a>" * 50_000 + b"</a>" * 50_000 + b"</MMM>", "found 0 motions"),
    "many.xml": (b"<MMM>" + b"<a/>" * limits.MOST_NESTING * 90_000 + b"</MMM>", "5,000,000 tags"),
    "deep.gltf": (b'{"asset": {"version": "2.0"}, "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_file_that_declares_too_much_is_refused_in_one_line_and_little_memory(name, tmp_path):
    content, message = CASES[name]
    path = tmp_path / name.replace(" ", "_")
    path.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(ValueError, match=message) as caught:
        read_with_axes(path, ReadOptions(fps=30, unit="cm", up="y"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert peak < 3e8 + 20 * len(content)


@pytest.mark.parametrize("kind", ["bvh", "amc", "npz", "live"])
def test_time_is_linear_in_the_size(kind, tmp_path, monkeypatch):
    """Twice the joints take about twice the time; in the form before they took four times as much."""
    monkeypatch.setenv(limits.JOINTS_VARIABLE, "1e6")
    monkeypatch.setenv(limits.VALUES_VARIABLE, "1e9")

    def seconds(joints: int) -> float:
        path = tmp_path / f"take.{kind}"
        if kind == "bvh":
            path.write_text(bvh(joints, 2))
        elif kind == "amc":
            joints //= 2
            path.with_suffix(".asf").write_text(chain(joints))
            path.write_text("1\nroot 1\n2\nroot 2\n")
        elif kind == "npz":
            parents = np.arange(-1, joints - 1)
            path.write_bytes(
                npz(**BODY | {"parents": parents}, positions=np.zeros((2, 1, 3)), joints=np.full(joints, "a"))
            )
        else:
            header = json.dumps({"joints": ["a"] * joints, "parents": [-1, *range(joints - 1)]})
        start = time.process_time()
        if kind == "live":
            assert isinstance(next(parse([header])), Fault)
        else:
            try:
                reading.read(path, ReadOptions(fps=30))
            except ValueError as error:
                assert "unique" in str(error)
        return time.process_time() - start

    def least(joints: int) -> float:
        return min(seconds(joints) for _ in range(3))  # others' work on the machine only adds

    seconds(100)
    size = {"bvh": 4_000, "amc": 2_500}.get(kind, 10_000)
    assert least(2 * size) < 3 * least(size) + 0.3


def test_a_chain_of_joints_is_computed_level_by_level_in_linear_work():
    def events(joints: int) -> int:
        count = 0

        def trace(*_: object) -> object:
            nonlocal count
            count += 1
            return trace

        sys.settrace(trace)
        forward([-1, *range(joints - 1)], [np.ones(3)] * joints, [None] * joints)
        sys.settrace(None)
        return count

    assert events(400) < 2.2 * events(200)


def test_the_limits_are_settings(tmp_path, monkeypatch):
    path = tmp_path / "take.bvh"
    path.write_text(bvh(30, 2))
    monkeypatch.setenv(limits.JOINTS_VARIABLE, "20")
    with pytest.raises(ValueError, match=r"21 joints, expected at most 20; .*MOTION2LANGUAGE_MOST_JOINTS"):
        reading.read(path)
    monkeypatch.setenv(limits.JOINTS_VARIABLE, "many")
    with pytest.raises(ValueError, match="MOTION2LANGUAGE_MOST_JOINTS=many: expected a number above zero"):
        reading.read(path)
    monkeypatch.delenv(limits.JOINTS_VARIABLE)
    monkeypatch.setenv(limits.VALUES_VARIABLE, "100")
    with pytest.raises(ValueError, match="2 x 31 x 3 values, expected at most 100"):
        reading.read(path)
    assert limits.most_values(10**9) == 100
    monkeypatch.delenv(limits.VALUES_VARIABLE)
    assert limits.most_values(10**9) == limits.MOST_VALUES
    assert limits.most_values(0) == limits.FREE_VALUES


def test_names_in_messages_are_printable_and_short_and_kept_exact_in_data(tmp_path):
    path = tmp_path / "take.bvh"
    name = "red\x1b]0;title\x07\x1b[31m" + "x" * 500_000
    path.write_text(bvh(1, 2, name))
    assert reading.read(path).motion.skeleton.joints[1] == name
    with pytest.raises(ValueError, match="found no joint for") as caught:
        read_with_axes(path)
    assert str(caught.value)[len(str(path)) :].isprintable()
    assert len(str(caught.value)) < len(str(path)) + 2000


def test_a_message_is_one_printable_line_with_its_end():
    message = limits.clean_message("joint 'a\udce9\x1b[31m\n" + "b" * 10**6 + f"' {'c ' * 10**6}; export it again")
    assert message.startswith("joint 'a [31m bbb")
    assert message.endswith("export it again")
    assert message.isprintable()
    assert len(message) <= limits.LONGEST_MESSAGE
    assert limits.clean_message("expected one; found two") == "expected one; found two"


@pytest.mark.parametrize(
    "error", [OverflowError("much"), TypeError("a\nb"), MemoryError(), RecursionError(), KeyError(1)]
)
def test_whatever_a_reader_raises_is_one_line_of_the_file(error, tmp_path, monkeypatch):
    path = tmp_path / "take.bvh"
    path.write_text(bvh(1, 2))
    monkeypatch.setattr("motion2language.formats.bvh.Rig.parse", lambda _: (_ for _ in ()).throw(error))
    with pytest.raises(ValueError, match="damaged") as caught:
        reading.read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_numbers_pass_the_gate_when_finite_and_near():
    limits.require_near("it", np.array([-1e6, 1e6]))
    limits.require_near("it", np.array([np.nan, 1.0]), missing=True)
    limits.require_near("it", np.zeros(0))
    for bad in (np.inf, -np.inf, 1.1e6, -1.1e6):
        with pytest.raises(ValueError, match=r"it is .*expected a finite number of at most"):
            limits.require_near("it", np.array([0, bad, np.nan]), missing=True)
    with pytest.raises(ValueError, match="it is nan"):
        limits.require_near("it", np.array([0, np.nan]))
    with pytest.raises(ValueError, match="it is -9"):
        limits.require_near("it", np.array([np.iinfo(np.int64).min]))


def test_an_array_is_read_as_numpy_reads_it(tmp_path):
    arrays = {
        "c": np.arange(24.0).reshape(2, 3, 4),
        "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "empty": np.zeros((0, 3)),
        "scalar": np.float32(2.5),
        "text": np.array(["a", "bc"]),
        "big": np.arange(3, dtype=">i2"),
    }
    (tmp_path / "a.npz").write_bytes(npz(**arrays))
    found = read_arrays(tmp_path / "a.npz")
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == np.asarray(array).dtype
    with zipfile.ZipFile(tmp_path / "a.npz") as archive, archive.open("c.npy") as file:
        assert read_array_header(file).shape == (2, 3, 4)


def test_a_skeleton_names_the_joints_that_are_there_twice():
    with pytest.raises(ValueError, match=r"found twice: a, b$"):
        Skeleton("two", ("a", "b", "a", "b", "c"), (-1, 0, 1, 2, 3))


def test_empty_frames_of_an_amc_are_refused_at_the_second(tmp_path):
    (tmp_path / "take.asf").write_text(ASF)
    (tmp_path / "take.amc").write_text("1\n2\n3\n")
    with pytest.raises(ValueError, match="contains no frames"):
        reading.read(tmp_path / "take.amc", ReadOptions(fps=30))

"""Every kind of motion file, tried: `python benchmarks/file_kinds.py DATA`, a folder of real files of other programs.

The first table has the real files: how many recordings (takes) were read, their joints, rate and the body's height. The
second has kinds without a real file there: the test that writes such files as their program documents them and reads
them back, with the number of its cases; with `--run` the tests are run.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import warnings
from pathlib import Path

from motion2language.body import body_height, to_canonical
from motion2language.formats import FORMATS
from motion2language.formats.reading import ReadOptions, list_takes, read_with_axes

TESTS = Path(__file__).parents[1] / "tests"
#: Kind, program or source, files below DATA, what has to be set for them.
REAL = (
    (".bvh", "Bandai Namco Research", "bvh/bandai/*.bvh", {}),
    (".bvh", "CMU, converted by B. Hahne", "bvh/cmu/*.bvh", {}),
    (".bvh", "Xsens MVN 2019", "others/*.bvh", {}),
    (".mvnx", "Xsens MVN 2019, version 4", "others/*.mvnx", {}),
    (".fbx", "CMU, 7.4, 2012", "fbx/*.fbx", {}),
    (".fbx", "Quaternius, 7.4 of Blender", "gltf/*.fbx", {}),
    (".gltf", "Quaternius, of Blender", "gltf/*.gltf", {}),
    (".glb", "KayKit, of Blender", "gltf/*.glb", {}),
    (".vrma", "pixiv three-vrm", "others/*.vrma", {}),
    (".xml", "KIT-ML, MMM", "kit/sample/00001_mmm.xml", {}),
    (".npy", "HumanML3D, joints", "humanml3d/new_joints/*.npy", {"layout": "humanml3d"}),
    (".npy", "HumanML3D, features", "humanml3d/new_joint_vecs/*.npy", {"layout": "humanml3d"}),
)
#: Kind, what is written, the test.
WRITTEN = (
    (".fbx", "6.1, text and binary", "test_fbx.py::test_version_6_has_the_places_that_were_written"),
    (".fbx", "7.4 text, 7.7 binary", "test_fbx.py::test_each_form_has_the_places_that_were_written"),
    (".vrm", "humanoid tables of VRM 0 and 1", "test_gltf.py::test_the_humanoid_table_of_vrm_names_the_joints"),
    (".amc", "CMU's, with its .asf", "test_amc.py"),
    (".c3d", "Intel, DEC and SGI numbers, and others", "test_c3d.py"),
    (".c3d .trc", "sets of markers", "test_marker_sets.py::test_every_set_gives_its_joints"),
    (".trc", "Motion Analysis, OpenSim", "test_markers.py"),
    (".npz", "AMASS", "test_amass.py"),
    (".npz .csv .bvh .glb", "our own", "test_convert.py::test_what_is_written_is_read_back"),
    (
        ".npz .csv .bvh .glb",
        "from every kind, whole and in parts",
        "test_conversions.py::test_every_format_becomes_every_other_whole_and_in_parts",
    ),
    (".npz", "one array of joints", "test_loose_arrays.py::test_an_archive_with_one_array_of_joints"),
    (".npy", "layouts of pose estimators", "test_poses.py::test_every_layout_is_the_same_body"),
    (".json", "MediaPipe, MMPose and others", "test_poses.py::test_json_in_many_forms_is_the_same_body"),
    (".json", "points with names, in any order", "test_json_points.py::test_names_count_and_not_the_order"),
    (".json", "OpenPose, a file a frame", "test_poses.py::test_openpose_writes_a_file_a_frame"),
    (".skeleton", "NTU RGB+D", "test_poses.py::test_a_skeleton_file_of_ntu"),
    (".csv .tsv", "tables", "test_poses.py::test_tables_with_the_usual_names_of_columns"),
    (".csv", "heads of two rows, titles, units", "test_tables.py::test_the_head_is_found_wherever_it_stands"),
    (".csv", "FreeMoCap", "test_poses.py::test_freemocap_and_numbered_columns"),
    (".parquet", "tables", "test_poses.py::test_parquet_is_the_same_table"),
)


def main() -> None:
    """Read, collect and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--run", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| file | from | recordings read | joints | frames per second | height, m |")
    print("| --- | --- | --- | --- | --- | --- |")
    for kind, source, pattern, options in REAL:
        print(f"| `{kind}` | {source} | {real_row(sorted(given.data.glob(pattern)), options)} |")
    print("\n| file | written as documented | test | cases |\n| --- | --- | --- | --- |")
    for kind, what, test in WRITTEN:
        kinds = " ".join(f"`{each}`" for each in kind.split())
        print(f"| {kinds} | {what} | `{test.removesuffix('.py')}` | {cases(test, given.run)} |")
    kinds_tried = {each for kind, *_ in (*REAL, *WRITTEN) for each in kind.split()}
    if lost := set(FORMATS) - kinds_tried:
        raise SystemExit(f"not tried: {', '.join(sorted(lost))}")


def real_row(files: list[Path], options: dict[str, str]) -> str:
    """The last four cells of a row."""
    read, refused, joints, rates, heights = 0, 0, set[int](), set[float](), list[float]()
    for file in files:
        for take in list_takes(file) or [None]:
            try:
                motion, _ = read_with_axes(file, ReadOptions(take=take, **options))
            except ValueError as error:
                print(error, file=sys.stderr)
                refused += 1
                continue
            read += 1
            joints.add(len(motion.skeleton.joints))
            rates.add(motion.fps)
            heights.append(body_height(to_canonical(motion)))
    counted = f"{read} of {read + refused}, in {len(files)} file{'s' * (len(files) != 1)}"
    span = " to ".join(dict.fromkeys(f"{height:.2f}" for height in (min(heights), max(heights)))) if heights else "–"
    return f"{counted} | {numbers(joints)} | {numbers(rates)} | {span}"


def numbers(values: set[int] | set[float]) -> str:
    """Values in order."""
    return ", ".join(f"{value:g}" for value in sorted(values)) or "–"


def cases(test: str, run: bool) -> str:
    """How many cases a test has; with `run` how many of them pass."""
    mode = [] if run else ["--collect-only"]
    command = [sys.executable, "-m", "pytest", "-q", *mode, str(TESTS / test)]
    printed = subprocess.run(command, capture_output=True, text=True, cwd=TESTS.parent, check=False).stdout
    last = printed.strip().splitlines()[-1]
    found = re.fullmatch(r"(\d+) (?:tests? collected|passed)(?:, \d+ warnings?)? in .*", last)
    return found[1] if found else last


if __name__ == "__main__":
    main()

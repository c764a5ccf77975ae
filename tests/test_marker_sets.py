"""The marker sets of laboratories and programs, each put on the same skin; a user's own table of labels."""

import numpy as np
import pytest
from bodies import walking
from marked import skin

from motion2language.body import map_joints, to_canonical
from motion2language.formats.marker_joints import recording
from motion2language.formats.marker_labels import forms, known_labels, load_markers
from motion2language.formats.markers import Markers
from motion2language.formats.reading import ReadOptions
from motion2language.motion import CANONICAL

BODY = walking(40)
SKIN = skin(BODY)
LOWER = tuple(f"{side}_{part}" for side in ("left", "right") for part in ("hip", "knee", "ankle"))
WHOLE = (*LOWER, *(f"{side}_{part}" for side in ("left", "right") for part in ("shoulder", "elbow", "wrist")), "head")
SIDES = {"L": ("Left", "L"), "R": ("Right", "R")}


def put(**labels: str) -> dict[str, np.ndarray]:
    """Label -> path, from rows `plug-in label = label in the set`; `*` is L or R, `@` is Left or Right."""
    found = {}
    for known, label in labels.items():
        for letter, (word, _) in SIDES.items() if "*" in label or "@" in label else (("", ("", "")),):
            found[label.replace("*", letter).replace("@", word)] = extra(letter, known)
    return found


def extra(letter: str, known: str) -> np.ndarray:
    """A marker of marked.skin, or one that is computed from several of them."""
    middle = {"SACR": ("LPSI", "RPSI"), "TOP": ("LFHD", "RFHD", "LBHD", "RBHD")}
    if known in middle:
        return np.mean([SKIN[each] for each in middle[known]], axis=0) + ((0, 0.08, 0) if known == "TOP" else 0)
    if known in ("FSH", "BSH"):
        return SKIN[f"{letter}SHO"] + (0, -0.01, 0.05 if known == "FSH" else -0.05)
    if known == "WRI":
        return (SKIN[f"{letter}WRA"] + SKIN[f"{letter}WRB"]) / 2
    if known in ("MT1", "MT5"):
        inward = -1 if (known == "MT1") == (letter == "L") else 1
        return SKIN[f"{letter}TOE"] + np.array([0.03 * inward, 0, 0])
    return SKIN[letter + known]


#: Name -> the set's markers, the joints that it determines, and the largest error in metres.
SETS = {
    "Helen Hayes": (
        put(ASI="*ASI", SACR="SACR", SHO="*SHO", ELB="*ELB", WRI="*WRI", KNE="*KNE", ANK="*ANK", HEE="*HEE", TOE="*TOE",
            TOP="HEADTOP", THI="*THI", TIB="*TIB"), WHOLE, 0.05),
    "Helen Hayes by Motion Analysis": (
        put(ASI="*.ASIS", SACR="V.Sacral", SHO="*.Shoulder", ELB="*.Elbow", WRI="*.Wrist", KNE="*.Knee", ANK="*.Ankle",
            HEE="*.Heel", TOE="*.Toe", TOP="Top.Head"), WHOLE, 0.05),
    "53 markers": (
        put(ASI="*FWT", PSI="*BWT", FSH="*FSH", BSH="*BSH", ELB="*ELB", WRA="*IWR", WRB="*OWR", KNE="*KNE", KNM="*KNI",
            ANK="*ANK", HEE="*HEL", TOE="*TOE", FHD="*FHD", BHD="*BHD", C7="C7", CLAV="CLAV", T10="T10", STRN="STRN"),
        WHOLE, 0.03),
    "CAST, Rizzoli": (
        put(ASI="*ASIS", PSI="*PSIS", KNE="*LE", KNM="*ME", ANK="*LM", MED="*MM", HEE="*CA", MT1="*FM", TOE="*SM",
            MT5="*VM"), LOWER, 0.02),
    "landmarks of van Sint Jan": (
        put(ASI="*_IAS", PSI="*_IPS", KNE="*_FLE", KNM="*_FME", ANK="*_FAL", MED="*_TAM", HEE="*_FCC", MT1="*_FM1",
            MT5="*_FM5"), LOWER, 0.02),
    "Qualisys": (
        put(ASI="Waist*Front", PSI="Waist*Back", SHO="*ShoulderTop", ELB="*ElbowOut", ELBM="*ElbowIn", WRA="*WristIn",
            WRB="*WristOut", KNE="*KneeOut", KNM="*KneeIn", ANK="*AnkleOut", HEE="*HeelBack", TOE="*Forefoot2",
            C7="SpineTop", STRN="Chest", TOP="HeadTop"), WHOLE, 0.05),
    "OptiTrack Baseline": (
        put(ASI="Waist*Front", PSI="Waist*Back", SHO="*ShoulderTop", ELB="*ElbowOut", WRA="*WristIn", WRB="*WristOut",
            KNE="*KneeOut", ANK="*AnkleOut", HEE="*Heel", MT5="*ToeOut", MT1="*ToeIn", C7="BackTop", STRN="Chest",
            TOP="HeadTop"), WHOLE, 0.05),
    "Xsens MVN": (
        put(ASI="p@ASI", SACR="pSacrum", SHO="p@Acromion", ELB="p@ArmLatEpicondyle", ELBM="p@ArmMedEpicondyle",
            WRA="p@RadialStyloid", WRB="p@UlnarStyloid", KNE="p@KneeLatEpicondyle", KNM="p@KneeMedEpicondyle",
            ANK="p@LatMalleolus", MED="p@MedMalleolus", HEE="p@HeelFoot", MT1="p@FirstMetatarsal",
            MT5="p@FifthMetatarsal", C7="pC7SpinalProcess", CLAV="pIJ", T10="pT8SpinalProcess", STRN="pPX",
            TOP="pTopOfHead"), WHOLE, 0.05),
    "OpenCap": (
        put(ASI="*.ASIS_study", PSI="*.PSIS_study", SHO="*_shoulder_study", ELB="*_lelbow_study", ELBM="*_melbow_study",
            WRA="*_lwrist_study", WRB="*_mwrist_study", KNE="*_knee_study", KNM="*_mknee_study", ANK="*_ankle_study",
            MED="*_mankle_study", HEE="*_calc_study", TOE="*_toe_study", MT5="*_5meta_study", THI="*_thigh1_study",
            TIB="*_sh1_study") | {"C7_study": SKIN["C7"]}
        | put(HEE="*Shoulder", TOE="*Elbow", SHO="*Wrist", WRA="*Knee", ELB="*Ankle", ANK="*Hip", KNE="*BigToe"),
        WHOLE, 0.07),
    "a gait laboratory's inner markers": (
        put(ASI="*ASI", PSI="*PSI", KNE="*KNE", KNM="*KNEMED", ANK="*ANK", MED="*MED", HEE="*HEE", TOE="*TOE"),
        LOWER, 0.02),
    "another's": (
        put(ASI="*ASI", SACR="SACR", KNE="*KNE", KNM="*Med_kn", ANK="*ANK", MED="*Med_ank", HEE="*HEE"), LOWER, 0.02),
    "gait laboratory": (
        put(ASI="*ASI", SACR="SACR", KNE="*KNE", ANK="*ANK", HEE="*HEE", TOE="*TOE"), LOWER, 0.02),
    "legs without feet": (put(ASI="*ASI", PSI="*PSI", KNE="*KNE", ANK="*ANK"), LOWER, 0.02),
    "upper body": (
        put(SHO="*SHO", ELB="*ELB", WRA="*WRA", WRB="*WRB", C7="C7", CLAV="CLAV", T10="T10", STRN="STRN", FHD="*FHD",
            BHD="*BHD"), WHOLE[len(LOWER):], 0.06),
}  # fmt: skip


def read(paths: dict[str, np.ndarray], **options):
    return recording(
        Markers(np.stack(list(paths.values()), axis=1), list(paths), 100.0, "m"), "a", ReadOptions(**options)
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("subject", ["", "Ann:"])
def test_every_set_gives_its_joints(name, subject, recwarn):
    markers, joints, most = SETS[name]
    unlabelled = {f"*{number}": np.full((40, 3), number + 1.0) for number in range(3)}
    motion = read({subject + label: path for label, path in markers.items()} | unlabelled).motion
    for joint in joints:
        path = motion.positions[:, motion.skeleton.index(joint)]
        off = np.linalg.norm(path - BODY[:, CANONICAL.index(joint)], axis=1).max()
        assert off < most, (joint, off)
    lost = map_joints(motion.skeleton).absent
    assert ("head" in lost, "left_elbow" in lost, "left_knee" in lost) == (
        "head" not in joints, "left_elbow" not in joints, "left_knee" not in joints,
    )  # fmt: skip
    assert np.isfinite(to_canonical(motion).positions).all()


@pytest.mark.parametrize(("knee", "ankle"), [("LKNEMED", "LMED"), ("LMKNE", "LMMAL"), ("LMKN", "LMED"),
                                             ("LMed_kn", "LMed_ank"), ("L_mknee_study", "L_mankle_study")])  # fmt: skip
def test_inner_markers_of_laboratories_are_known(knee, ankle):
    known = known_labels("skin")
    found = [next(known[form] for _, form in forms(label) if form in known) for label in (knee, ankle)]
    assert found == ["left inner knee", "left inner ankle"]


def test_a_users_table_names_other_labels(tmp_path):
    markers = put(ASI="*P1", PSI="*P2", KNE="K*", HEE="Marker 1*")
    markers |= {"Outer ankle left": SKIN["LANK"], "17": SKIN["RANK"], "*TOE": SKIN["LTOE"]}
    table = tmp_path / "markers.toml"
    table.write_text(
        '"*front waist" = "*P1"\n"*back waist" = "*P2"\n"*outer knee" = "K*"\n"*heel" = "Marker1*"\n'
        '"left outer ankle" = "Outer-ankle-left"\n"right outer ankle" = "17"\n'
    )
    with pytest.raises(
        ValueError, match=r"no markers determine head, shoulders, elbows, wrists, hips, knees.*--markers FILE adds"
    ):
        read(markers)
    motion = read(markers, markers=load_markers(table)).motion
    for joint in LOWER:
        path = motion.positions[:, motion.skeleton.index(joint)]
        assert np.linalg.norm(path - BODY[:, CANONICAL.index(joint)], axis=1).max() < 0.02


def test_a_users_table_comes_first():
    shipped, mixed = known_labels("skin"), known_labels("skin", own={"left outer ankle": "LHEE"})
    assert (shipped["LHEE"], shipped["RHEE"]) == ("left heel", "right heel")
    assert (mixed["LHEE"], mixed["RHEE"]) == ("left outer ankle", "right heel")
    assert known_labels("skin")["LHEE"] == "left heel"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"*heal" = "A"', r"markers\.toml: unknown part of the body '\*heal'; did you mean '\*heel'\?"),
        ('"tail" = "A"', "unknown part of the body 'tail'"),
        ('"*heel" = 3', r"'\*heel' = 3; expected labels in quotes"),
        ("heel", r"markers\.toml: not a TOML file"),
    ],
)
def test_an_error_in_a_users_table_names_it(text, message, tmp_path):
    (tmp_path / "markers.toml").write_text(text)
    with pytest.raises(ValueError, match=message):
        load_markers(tmp_path / "markers.toml")
    with pytest.raises(
        FileNotFoundError, match=r'no such table of markers; give a TOML file with lines like "left heel"'
    ):
        load_markers(tmp_path / "none.toml")

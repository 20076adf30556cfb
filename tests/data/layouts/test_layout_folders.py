"""Layouts: found by looking, mapped by name, refused with a sentence."""

from pathlib import Path

import pytest

from fracture_core.data.layouts import LAYOUTS, layout_named, read_cases
from fracture_core.data.layouts.folders import class_of
from fracture_core.errors import DataError

_HEADER = (
    "image_id,hand,leg,hip,shoulder,mixed,hardware,multiscan,fractured,fracture_count,frontal,lateral,oblique"
)


def _touch(root: Path, *names: str) -> Path:
    """Empty files: no layout opens an image."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


# ---- FracAtlas ----


@pytest.fixture
def atlas(tmp_path: Path) -> Path:
    root = _touch(
        tmp_path / "atlas",
        "images/Fractured/IMG0000019.jpg",
        "images/Fractured/IMG0003298.jpg",
        "images/Non_fractured/IMG0000010.jpg",
        "images/Non_fractured/IMG0000020.jpg",
        "images/Non_fractured/IMG0000021.jpg",
        "images/Non_fractured/Thumbs.db",
    )
    rows = [
        "IMG0000019.jpg,1,0,0,0,0,0,0,1,2,1,0,0",
        "IMG0003298.jpg,0,1,1,0,1,0,0,0,0,1,0,0",  # the table says unfractured, the folder knows better
        "IMG0000010.jpg,0,0,0,1,0,0,0,0,0,1,0,0",
        "IMG0000020.jpg,0,1,0,0,0,0,0,1,1,1,0,0",  # and here fractured
    ]
    (root / "dataset.csv").write_text("\n".join([_HEADER, *rows]) + "\n", encoding="utf-8-sig")
    boxes = root / "Annotations" / "YOLO"
    boxes.mkdir(parents=True)
    (boxes / "IMG0000019.txt").write_text("0 0.5 0.25 0.2 0.1\n\n0 0.1 0.9 0.2 0.2\n")
    return root


def test_fracatlas(atlas):
    name, cases = read_cases(atlas)
    assert name == "fracatlas"
    found = {case.id: case for case in cases}
    assert [case.id for case in cases] == sorted(found)
    assert len(found) == 5
    assert {case.label for case in cases if "Non_" in str(case.path)} == {0}
    assert found["IMG0000019"].regions == ("hand",)
    assert found["IMG0003298"].regions == ("leg", "hip")
    assert found["IMG0000021"].regions == ()  # not in the table
    assert found["IMG0000021"].boxes == ()
    assert {case.split for case in cases} == {""}


def test_fracatlas_takes_the_folder_for_the_label_not_the_table(atlas):
    labels = {case.id: case.label for case in read_cases(atlas)[1]}
    assert labels["IMG0003298"] == 1
    assert labels["IMG0000020"] == 0


def test_fracatlas_boxes_are_corners(atlas):
    case = next(case for case in read_cases(atlas)[1] if case.id == "IMG0000019")
    assert case.boxes[0] == pytest.approx((0.4, 0.2, 0.6, 0.3))
    assert case.boxes[1] == pytest.approx((0.0, 0.8, 0.2, 1.0))


def test_fracatlas_groups_blocks_of_ten(atlas):
    groups = {case.id: case.group for case in read_cases(atlas)[1]}
    assert groups["IMG0000010"] == groups["IMG0000019"]
    assert groups["IMG0000020"] == groups["IMG0000021"] != groups["IMG0000019"]


def test_fracatlas_names_the_bad_box_line(atlas):
    (atlas / "Annotations/YOLO/IMG0003298.txt").write_text("0 0.5 0.5 0.1 0.1\n0 0.5 0.5\n")
    with pytest.raises(
        DataError, match=r"five numbers a line in .*IMG0003298\.txt, but line 2 reads '0 0\.5 0\.5'"
    ):
        read_cases(atlas)


def test_fracatlas_names_the_missing_column(atlas):
    (atlas / "dataset.csv").write_text("image_id,hand,leg\nIMG0000019.jpg,1,0\n")
    with pytest.raises(DataError, match="but hip, shoulder is missing"):
        read_cases(atlas)


def test_fracatlas_asked_for_by_name_where_it_is_not(tmp_path):
    with pytest.raises(DataError, match="Expected FracAtlas in"):
        read_cases(tmp_path, "fracatlas")


@pytest.mark.real
def test_real_fracatlas(real_data):
    name, cases = read_cases(real_data / "fracatlas")
    assert name == "fracatlas"
    assert len(cases) == len({case.id for case in cases}) == 3471
    assert sum(case.label for case in cases) == 607
    assert sum(len(case.boxes) for case in cases) == 788
    assert all(
        0 <= low < high <= 1.001
        for case in cases
        for box in case.boxes
        for low, high in (box[::2], box[1::2])
    )
    assert next(case for case in cases if case.id == "IMG0003298").label == 1
    assert all(case.regions for case in cases)


# ---- one folder a class ----


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("fractured", 1),
        ("Fractured", 1),
        ("FRACTURE", 1),
        ("fractures", 1),
        ("broken", 1),
        ("not fractured", 0),
        ("not_fractured", 0),
        ("Not-Fractured", 0),
        ("non_fractured", 0),
        ("Non-fractured", 0),
        ("no_fracture", 0),
        ("normal", 0),
        ("Healthy", 0),
        ("negative", 0),
        ("images", None),
        ("0", None),
        ("hand", None),
    ],
)
def test_spellings_of_the_classes(name, label):
    assert class_of(name) == label


@pytest.mark.parametrize("sound", ["healthy", "not fractured", "abnormal no more"])
def test_classes_are_mapped_by_name_never_by_order(tmp_path, sound):
    """`fractured` < `healthy` but `fractured` < `not fractured` too; `broken` sorts first of all."""
    if class_of(sound) is None:
        sound = "unfractured"
    for broken in ("broken", "fractured"):
        root = _touch(tmp_path / broken, f"{broken}/1.jpg", f"{sound}/2.jpg")
        assert {case.path.name: case.label for case in read_cases(root)[1]} == {"1.jpg": 1, "2.jpg": 0}


def test_splits_by_their_usual_names(tmp_path):
    root = _touch(
        tmp_path,
        *(
            f"{split}/{kind}/{n}.png"
            for n, split in enumerate(("Train", "valid", "test"))
            for kind in ("fractured", "normal")
        ),
    )
    name, cases = read_cases(root)
    assert name == "folders"
    assert {case.id: case.split for case in cases} == {
        "Train/fractured/0.png": "train",
        "Train/normal/0.png": "train",
        "valid/fractured/1.png": "val",
        "valid/normal/1.png": "val",
        "test/fractured/2.png": "test",
        "test/normal/2.png": "test",
    }


@pytest.mark.parametrize(
    ("folder", "split"),
    [("val", "val"), ("validation", "val"), ("training", "train"), ("testing", "test"), ("dev", "val")],
)
def test_other_names_of_splits(tmp_path, folder, split):
    _touch(tmp_path, f"{folder}/fractured/1.png", f"{folder}/normal/1.png")
    assert {case.split for case in read_cases(tmp_path)[1]} == {split}


def test_rotated_copies_share_a_group_but_not_across_classes(tmp_path):
    _touch(
        tmp_path,
        "train/fractured/7.jpg",
        "train/fractured/7-rotated1.jpg",
        "test/fractured/7-rotated1-rotated2-rotated3.jpg",
        "train/fractured/7-rotatedby.jpg",
        "train/not fractured/7.jpg",
    )
    groups = {case.id: case.group for case in read_cases(tmp_path)[1]}
    copies = {group for name, group in groups.items() if "/fractured/7" in name and "by" not in name}
    assert len(copies) == 1
    assert len(set(groups.values())) == 3


def test_hidden_and_foreign_files_are_left_out(tmp_path):
    _touch(
        tmp_path,
        "fractured/1.PNG",
        "fractured/.2.png",
        "fractured/notes.txt",
        "normal/deep/er/3.dcm",
        ".git/x.png",
    )
    assert [case.id for case in read_cases(tmp_path)[1]] == ["fractured/1.PNG", "normal/deep/er/3.dcm"]


def test_an_unclear_class_is_refused(tmp_path):
    _touch(tmp_path, "fractured/1.png", "normal/1.png", "maybe/1.png")
    with pytest.raises(DataError, match="'maybe' is neither"):
        read_cases(tmp_path)


def test_an_empty_folder_beside_the_classes_does_no_harm(tmp_path):
    _touch(tmp_path, "fractured/1.png", "normal/1.png", "notes/read.txt")
    assert len(read_cases(tmp_path)[1]) == 2


def test_empty_class_folders_are_refused(tmp_path):
    for name in ("fractured", "normal"):
        (tmp_path / name).mkdir()
    with pytest.raises(DataError, match="class folders are empty"):
        read_cases(tmp_path)


def test_one_class_alone_is_no_data_set(tmp_path):
    _touch(tmp_path, "fractured/1.png", "other/1.txt")
    with pytest.raises(DataError, match="found fractured, other: name them"):
        read_cases(tmp_path, "folders")


# ---- finding a layout ----


def test_no_folder(tmp_path):
    with pytest.raises(DataError, match="is not a folder: check the path"):
        read_cases(tmp_path / "gone")


def test_no_known_layout(tmp_path):
    _touch(tmp_path, "1.png")
    with pytest.raises(DataError, match=r"none of the known layouts: FracAtlas .*; one folder a class"):
        read_cases(tmp_path)


def test_unknown_layout_name():
    with pytest.raises(DataError, match=r"auto, fracatlas, folders.* but got 'mira'"):
        layout_named("mira")
    assert [layout_named(row.name) for row in LAYOUTS] == list(LAYOUTS)


def test_fracatlas_is_not_taken_for_folders(atlas):
    assert not layout_named("folders").matches(atlas)
    assert read_cases(atlas, "fracatlas")[0] == "fracatlas"

"""GRAZPEDWRI-DX: labels come from the table, and only boxes of fractures are used."""

from pathlib import Path

import pytest

from fracture_core.datasets.layouts import read_catalogue
from fracture_core.errors import DataError

_HEADER = (
    "filestem,patient_id,study_number,timehash,gender,age,laterality,projection,initial_exam,ao_classification,"
    "cast,diagnosis_uncertain,osteopenia,fracture_visible,metal,pixel_spacing,device_manufacturer"
)
_ROWS = (
    "0001_0000000001_01_WRI-L1_M014,1,1,0000000001,M,14.1,L,1,1,23r-M/2.1,,,,1,,0.144,Siemens",
    "0001_0000000002_01_WRI-L2_M014,1,1,0000000002,M,14.1,L,2,1,23r-M/2.1,,,,1.0,,0.144,Siemens",
    "0002_0000000003_01_WRI-R1_F009,2,1,0000000003,F,9,R,3,1,,1,,,,1,0.144,Agfa",
)
_STEMS = [row.split(",")[0] for row in _ROWS]
_NAMES = ["boneanomaly", "bonelesion", "foreignbody", "fracture", "metal", "text"]


@pytest.fixture
def grazpedwri_folder(create_files, tmp_path) -> Path:
    """Three images with their table, and YOLO boxes of two of them."""
    root = create_files(
        tmp_path / "graz",
        f"images_part1/{_STEMS[0]}.png",
        f"images_part1/{_STEMS[1]}.png",
        f"images_part4/{_STEMS[2]}.png",
        "folder_structure/supervisely/x.png",
    )
    (root / "dataset.csv").write_text("\n".join([_HEADER, *_ROWS]) + "\n")
    labels = root / "folder_structure" / "yolov5" / "labels"
    labels.mkdir(parents=True)
    (labels / f"{_STEMS[0]}.txt").write_text("8 0.1 0.1 0.1 0.1\n3 0.5 0.5 0.2 0.4\n4 0.6 0.6 0.1 0.1\n")
    (labels / f"{_STEMS[1]}.txt").write_text("8 0.1 0.1 0.1 0.1\n")
    return root


def test_layout_is_read(grazpedwri_folder):
    catalogue = read_catalogue(grazpedwri_folder)
    assert (catalogue.layout, catalogue.finding, catalogue.root) == (
        "grazpedwri",
        "fracture",
        grazpedwri_folder,
    )
    cases = [next(case for case in catalogue.cases if case.id == stem) for stem in _STEMS]
    assert [case.label for case in cases] == [1, 1, 0]  # empty counts as none
    assert [case.group for case in cases] == ["1", "1", "2"]
    assert [case.views for case in cases] == [("frontal",), ("lateral",), ("oblique",)]
    assert [case.hardware for case in cases] == [False, False, True]
    assert {case.regions for case in cases} == {("wrist",)}
    assert {case.split for case in cases} == {""}


def test_only_fracture_boxes_count(grazpedwri_folder):
    boxes = {case.id: case.boxes for case in read_catalogue(grazpedwri_folder).cases}
    assert boxes[_STEMS[0]] == (pytest.approx((0.4, 0.3, 0.6, 0.7)),)
    assert boxes[_STEMS[1]] == ()


@pytest.mark.parametrize("style", ["list", "numbers"])
def test_the_class_numbers_come_from_meta_yaml(grazpedwri_folder, style):
    names = ["fracture", *(name for name in _NAMES if name != "fracture")]
    rows = [f"- {name}" if style == "list" else f"  {at}: {name}" for at, name in enumerate(names)]
    (grazpedwri_folder / "folder_structure/yolov5/meta.yaml").write_text("names:\n" + "\n".join(rows) + "\n")
    labels = grazpedwri_folder / "folder_structure/yolov5/labels"
    (labels / f"{_STEMS[1]}.txt").write_text("0 0.5 0.5 0.2 0.2\n3 0.1 0.1 0.1 0.1\n")
    boxes = {case.id: case.boxes for case in read_catalogue(grazpedwri_folder).cases}
    assert boxes[_STEMS[0]] == ()
    assert boxes[_STEMS[1]] == (pytest.approx((0.4, 0.4, 0.6, 0.6)),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("names: [metal, text]", "lists no class named fracture"),
        ("names: 3", "has no readable list"),
        ("{", "has no readable list"),
    ],
)
def test_invalid_meta_yaml_is_refused(grazpedwri_folder, text, message):
    (grazpedwri_folder / "folder_structure/yolov5/meta.yaml").write_text(text)
    with pytest.raises(DataError, match=rf"meta\.yaml .*{message}"):
        read_catalogue(grazpedwri_folder)


def test_alternative_folders_of_labels_and_images(grazpedwri_folder):
    (grazpedwri_folder / "folder_structure/yolov5/labels").rename(grazpedwri_folder / "labels")
    (grazpedwri_folder / "images_part1").rename(grazpedwri_folder / "images")
    boxes = {case.id: len(case.boxes) for case in read_catalogue(grazpedwri_folder).cases}
    assert boxes == dict(zip(_STEMS, (1, 0, 0), strict=True))


def test_contradictions_become_remarks(create_files, grazpedwri_folder, remarks_by_kind):
    create_files(grazpedwri_folder, "images_part2/unknown.png")
    (grazpedwri_folder / f"folder_structure/yolov5/labels/{_STEMS[2]}.txt").write_text("3 0.5 0.5 0.1 0.1\n")
    with (grazpedwri_folder / "dataset.csv").open("a") as file:
        file.write(_ROWS[0].replace(_STEMS[0], "0003_gone") + "\n")
    catalogue = read_catalogue(grazpedwri_folder)
    assert remarks_by_kind(catalogue) == {
        "not_in_table": ("unknown",),
        "no_such_file": ("0003_gone",),
        "box_without_fracture": (_STEMS[2],),
        "fracture_without_box": (_STEMS[1],),
    }
    assert "unknown" not in {case.id for case in catalogue.cases}  # nothing tells its label


def test_dicom_images_match_the_table(grazpedwri_folder, dicom_header):
    (grazpedwri_folder / f"images_part1/{_STEMS[0]}.png").rename(
        grazpedwri_folder / f"images_part1/{_STEMS[0]}.dcm"
    )
    (grazpedwri_folder / f"images_part4/{_STEMS[2]}.png").unlink()
    (grazpedwri_folder / f"images_part4/{_STEMS[2]}").write_bytes(dicom_header)
    assert [case.id for case in read_catalogue(grazpedwri_folder).cases] == _STEMS


def test_repeated_image_gets_its_path_as_id(create_files, grazpedwri_folder, remarks_by_kind):
    create_files(grazpedwri_folder, f"images/{_STEMS[0]}.png")
    catalogue = read_catalogue(grazpedwri_folder)
    (own,) = remarks_by_kind(catalogue)["repeated_name"]
    assert own in {f"images/{_STEMS[0]}.png", f"images_part1/{_STEMS[0]}.png"}
    assert {_STEMS[0], own} <= {case.id for case in catalogue.cases}


def test_invalid_flag_is_refused(grazpedwri_folder):
    text = (
        (grazpedwri_folder / "dataset.csv")
        .read_text()
        .replace(",,,,1,,0.144,Siemens", ",,,,perhaps,,0.144,Siemens", 1)
    )
    (grazpedwri_folder / "dataset.csv").write_text(text)
    with pytest.raises(DataError, match=r"Line 2 of .* has 'perhaps' as fracture_visible"):
        read_catalogue(grazpedwri_folder)


def test_missing_table_and_images_are_refused(grazpedwri_folder, tmp_path):
    with pytest.raises(DataError, match=r"dataset\.csv is missing\. Choose the folder"):
        read_catalogue(tmp_path / "graz" / "images_part1", "grazpedwri")
    for path in grazpedwri_folder.rglob("*.png"):
        path.unlink()
    with pytest.raises(DataError, match=r"The images of .* are missing"):
        read_catalogue(grazpedwri_folder)
    (grazpedwri_folder / "dataset.csv").write_text("filestem,patient_id\n")
    with pytest.raises(DataError, match="lacks the columns fracture_visible, metal, projection"):
        read_catalogue(grazpedwri_folder, "grazpedwri")

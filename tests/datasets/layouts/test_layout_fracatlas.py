"""FracAtlas: labels come from folders, other values from the table, and contradictions become remarks."""

import json
from pathlib import Path

import pytest

from fracture_core.datasets.layouts import find_layout, read_catalogue
from fracture_core.errors import DataError

_HEADER = (
    "image_id,hand,leg,hip,shoulder,mixed,hardware,multiscan,fractured,fracture_count,frontal,lateral,oblique"
)
_VOC = """<annotation><size><width>200</width><height>100</height></size>
<object><name>fractured</name><bndbox><xmin>20</xmin><ymin>10</ymin><xmax>60</xmax><ymax>30</ymax></bndbox></object>
</annotation>"""


@pytest.fixture
def fracatlas_folder(create_files, tmp_path: Path) -> Path:
    """Five images, and a table that contradicts the folders and lists a missing image."""
    root = create_files(
        tmp_path / "atlas",
        "images/Fractured/IMG0000019.jpg",
        "images/Fractured/IMG0003298.jpg",
        "images/Non_fractured/IMG0000010.jpg",
        "images/Non_fractured/IMG0000020.jpg",
        "images/Non_fractured/IMG0000021.jpg",
        "images/Non_fractured/Thumbs.db",
    )
    rows = [
        "IMG0000019.jpg,1,0,0,0,0,1,0,1,2,1,1,0",
        "IMG0003298.jpg,0,1,1,0,1,0,0,0,0,1,0,0",  # the table says unfractured, the folder knows better
        "IMG0000010.jpg,0,0,0,1,0,0,0,0,0,1,0,0",
        "IMG0000020.jpg,0,1,0,0,0,0,0,1,1,0,0,1",  # and here fractured
        "IMG0000099.jpg,0,1,0,0,0,0,0,0,0,1,0,0",
    ]
    (root / "dataset.csv").write_text("\n".join([_HEADER, *rows]) + "\n", encoding="utf-8-sig")
    boxes = root / "Annotations" / "YOLO"
    boxes.mkdir(parents=True)
    (boxes / "IMG0000019.txt").write_text("0 0.5 0.25 0.2 0.1\n\n0 0.1 0.9 0.2 0.2\n")
    return root


@pytest.fixture
def cases_by_id(fracatlas_folder) -> dict:
    return {case.id: case for case in read_catalogue(fracatlas_folder).cases}


def test_layout_is_read(fracatlas_folder):
    catalogue = read_catalogue(fracatlas_folder)
    assert (catalogue.layout, catalogue.finding, catalogue.root) == (
        "fracatlas",
        "fracture",
        fracatlas_folder,
    )
    cases = catalogue.cases
    assert [case.id for case in cases] == sorted(case.id for case in cases)
    assert len(cases) == 5
    assert {case.label for case in cases if "Non_" in str(case.path)} == {0}
    assert {case.split for case in cases} == {""}


def test_values_of_the_table(cases_by_id):
    assert cases_by_id["IMG0000019"].regions == ("hand",)
    assert cases_by_id["IMG0003298"].regions == ("leg", "hip")
    assert cases_by_id["IMG0000019"].views == ("frontal", "lateral")
    assert cases_by_id["IMG0000020"].views == ("oblique",)
    assert cases_by_id["IMG0000019"].hardware is True
    assert cases_by_id["IMG0000010"].hardware is False


def test_image_missing_from_the_table(cases_by_id):
    film = cases_by_id["IMG0000021"]
    assert (film.regions, film.views, film.hardware, film.boxes) == ((), (), None, ())


def test_label_follows_from_the_folder_not_the_table(cases_by_id):
    assert cases_by_id["IMG0003298"].label == 1
    assert cases_by_id["IMG0000020"].label == 0


def test_contradictions_become_remarks(fracatlas_folder):
    remarks = {remark.kind: remark for remark in read_catalogue(fracatlas_folder).remarks}
    assert remarks["table_differs"].ids == ("IMG0000020", "IMG0003298")
    assert remarks["not_in_table"].sentence == (
        "dataset.csv does not list IMG0000021, so its region and view are unknown."
    )
    assert remarks["no_such_file"].sentence == (
        "Of the 5 images that dataset.csv lists, one does not exist: IMG0000099."
    )
    assert remarks["fracture_without_box"].ids == ("IMG0003298",)
    assert "box_without_fracture" not in remarks


def test_plural_remark_on_missing_images(fracatlas_folder):
    with (fracatlas_folder / "dataset.csv").open("a") as file:
        file.writelines(f"IMG{number:07d}.jpg,0,1,0,0,0,0,0,0,0,1,0,0\n" for number in range(100, 700))
    remarks = {remark.kind: remark for remark in read_catalogue(fracatlas_folder).remarks}
    assert len(remarks["no_such_file"].ids) == 601
    assert remarks["no_such_file"].sentence == (
        "Of the 605 images that dataset.csv lists, 601 do not exist "
        "(IMG0000099, IMG0000100, IMG0000101 and 598 more)."
    )


def test_box_on_an_image_without_fracture(fracatlas_folder, remarks_by_kind):
    (fracatlas_folder / "Annotations/YOLO/IMG0000010.txt").write_text("0 0.5 0.5 0.1 0.1\n")
    assert remarks_by_kind(read_catalogue(fracatlas_folder))["box_without_fracture"] == ("IMG0000010",)


def test_no_remark_on_missing_boxes_without_annotations(fracatlas_folder, remarks_by_kind):
    (fracatlas_folder / "Annotations/YOLO/IMG0000019.txt").unlink()
    assert "fracture_without_box" not in remarks_by_kind(read_catalogue(fracatlas_folder))


def test_yolo_boxes_are_converted_to_corners(cases_by_id):
    boxes = cases_by_id["IMG0000019"].boxes
    assert boxes[0] == pytest.approx((0.4, 0.2, 0.6, 0.3))
    assert boxes[1] == pytest.approx((0.0, 0.8, 0.2, 1.0))


def test_coco_is_preferred_to_yolo(fracatlas_folder):
    folder = fracatlas_folder / "Annotations" / "COCO JSON"
    folder.mkdir()
    content = {
        "images": [{"id": 7, "file_name": "IMG0003298.jpg", "width": 100, "height": 200}],
        "categories": [{"id": 0, "name": "fractured"}],
        "annotations": [{"image_id": 7, "category_id": 0, "bbox": [10, 20, 30, 40]}],
    }
    (folder / "COCO_fracture_masks.json").write_text(json.dumps(content))
    boxes = {case.id: case.boxes for case in read_catalogue(fracatlas_folder).cases if case.boxes}
    assert boxes == {"IMG0003298": ((0.1, 0.1, 0.4, pytest.approx(0.3)),)}


def test_voc_is_used_if_there_is_nothing_else(fracatlas_folder):
    (fracatlas_folder / "Annotations/YOLO/IMG0000019.txt").unlink()
    folder = fracatlas_folder / "Annotations" / "PASCAL VOC"
    folder.mkdir()
    (folder / "IMG0000019.xml").write_text(_VOC)
    boxes = {case.id: case.boxes for case in read_catalogue(fracatlas_folder).cases if case.boxes}
    assert boxes == {"IMG0000019": ((0.1, 0.1, 0.3, 0.3),)}


def test_groups_are_blocks_of_ten(cases_by_id):
    assert cases_by_id["IMG0000010"].group == cases_by_id["IMG0000019"].group
    assert (
        cases_by_id["IMG0000020"].group == cases_by_id["IMG0000021"].group != cases_by_id["IMG0000019"].group
    )


def test_dicom_images_match_the_table_by_stem(fracatlas_folder, dicom_header):
    (fracatlas_folder / "images/Fractured/IMG0000019.jpg").rename(
        fracatlas_folder / "images/Fractured/IMG0000019.dcm"
    )
    (fracatlas_folder / "images/Non_fractured/IMG0000010.jpg").unlink()
    (fracatlas_folder / "images/Non_fractured/IMG0000010").write_bytes(dicom_header)
    cases = {case.id: case for case in read_catalogue(fracatlas_folder).cases}
    assert cases["IMG0000019"].regions == ("hand",)
    assert len(cases["IMG0000019"].boxes) == 2
    assert cases["IMG0000010"].regions == ("shoulder",)


def test_same_name_in_both_folders_is_two_cases(create_files, fracatlas_folder):
    before = len(read_catalogue(fracatlas_folder).cases)
    create_files(fracatlas_folder, "images/Non_fractured/IMG0000019.jpg")
    catalogue = read_catalogue(fracatlas_folder)
    assert len(catalogue.cases) == before + 1
    (remark,) = (remark for remark in catalogue.remarks if remark.kind == "repeated_name")
    (own,) = remark.ids
    assert own.startswith("images/")
    assert own in {case.id for case in catalogue.cases}
    assert "IMG0000019: " in remark.sentence
    assert "with different labels" in remark.sentence


def test_bad_line_of_boxes_becomes_a_remark(fracatlas_folder):
    (fracatlas_folder / "Annotations/YOLO/IMG0003298.txt").write_text("0 0.5 0.5 0.1 0.1\n0 0.5 0.5\n")
    catalogue = read_catalogue(fracatlas_folder)
    assert {case.id: len(case.boxes) for case in catalogue.cases}["IMG0003298"] == 1
    (remark,) = (remark for remark in catalogue.remarks if remark.kind == "annotation_skipped")
    assert remark.ids == ("IMG0003298",)
    assert remark.details[0].startswith("IMG0003298.txt, line 2: ")


def test_flags_as_written_by_spreadsheets(fracatlas_folder):
    before = read_catalogue(fracatlas_folder).cases
    lines = (fracatlas_folder / "dataset.csv").read_text().splitlines()
    rows = [
        ",".join({"0": "0.0", "1": "TRUE"}.get(cell, cell) for cell in line.split(",")) for line in lines[1:]
    ]
    (fracatlas_folder / "dataset.csv").write_text(
        "\r\n".join([lines[0], *rows]).replace(",", ";"), encoding="utf-16"
    )
    assert read_catalogue(fracatlas_folder).cases == before


def test_missing_column_is_named(fracatlas_folder):
    (fracatlas_folder / "dataset.csv").write_text(_HEADER.replace("hip,shoulder,", "") + "\n")
    with pytest.raises(
        DataError, match=r"lacks the columns hip, shoulder; .* use the dataset\.csv as published"
    ):
        read_catalogue(fracatlas_folder)


def test_binary_table_is_refused(fracatlas_folder):
    (fracatlas_folder / "dataset.csv").write_bytes(b"\xff\xfe\x00binary")
    with pytest.raises(DataError, match=r"The encoding of the table .* is not recognised"):
        read_catalogue(fracatlas_folder)


def test_empty_folders_are_refused(fracatlas_folder):
    for path in fracatlas_folder.glob("images/*/*.jpg"):
        path.unlink()
    with pytest.raises(DataError, match="contain no radiographs"):
        read_catalogue(fracatlas_folder)


def test_layout_chosen_by_name_must_match(tmp_path):
    with pytest.raises(DataError, match="does not contain FracAtlas"):
        read_catalogue(tmp_path, "fracatlas")


def test_detected_before_class_folders(fracatlas_folder):
    assert not find_layout("folders").matches(fracatlas_folder)
    assert read_catalogue(fracatlas_folder, "fracatlas").layout == "fracatlas"


@pytest.mark.real
def test_layout_of_the_real_fracatlas(real_data, remarks_by_kind):
    catalogue = read_catalogue(real_data / "fracatlas")
    cases = catalogue.cases
    assert catalogue.layout == "fracatlas"
    assert len(cases) == len({case.id for case in cases}) == 3471
    assert sum(case.label for case in cases) == 607
    assert sum(len(case.boxes) for case in cases) == 788
    assert all(
        0 <= low < high <= 1
        for case in cases
        for box in case.boxes
        for low, high in zip(box[:2], box[2:], strict=True)
    )
    assert all(case.regions and case.views and case.hardware is not None for case in cases)
    # IMG0002588 is turned by half, which leaves its size as it is.
    assert remarks_by_kind(catalogue) == {
        "table_differs": ("IMG0003298",),
        "box_orientation_unclear": ("IMG0002588",),
    }
    assert next(case for case in cases if case.id == "IMG0003298").label == 1

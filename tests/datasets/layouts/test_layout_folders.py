"""Layout with one folder per class: classes follow from names, ambiguous folders are refused."""

import pytest

from fracture_core.datasets.layouts import find_layout, read_catalogue
from fracture_core.errors import DataError
from fracture_core.phantom import PhantomSettings, write_phantom_dataset


@pytest.mark.parametrize("sound", ["healthy", "not fractured", "unfractured"])
def test_labels_follow_from_names_not_from_order(create_files, tmp_path, sound):
    """`fractured` < `healthy` but `fractured` < `not fractured` too; `broken` sorts first of all."""
    for broken in ("broken", "fractured"):
        root = create_files(tmp_path / broken, f"{broken}/1.jpg", f"{sound}/2.jpg")
        catalogue = read_catalogue(root)
        assert {case.path.name: case.label for case in catalogue.cases} == {"1.jpg": 1, "2.jpg": 0}
        assert dict(catalogue.classes) == {broken: 1, sound: 0}
        assert catalogue.finding == "fracture"


def test_splits_above_the_classes(create_files, tmp_path):
    root = create_files(
        tmp_path,
        *(
            f"{split}/{kind}/{n}.png"
            for n, split in enumerate(("Train", "valid", "test"))
            for kind in ("fractured", "normal")
        ),
    )
    catalogue = read_catalogue(root)
    assert (catalogue.layout, catalogue.root) == ("folders", root)
    assert {case.id: case.split for case in catalogue.cases} == {
        "Train/fractured/0.png": "train",
        "Train/normal/0.png": "train",
        "valid/fractured/1.png": "val",
        "valid/normal/1.png": "val",
        "test/fractured/2.png": "test",
        "test/normal/2.png": "test",
    }


def test_splits_below_the_classes(create_files, tmp_path):
    create_files(
        tmp_path,
        "Fractured_/training/1.png",
        "Fractured_/dev/2.png",
        "non-fractured/testing/3.png",
        "non-fractured/hand/4.png",
        "non-fractured/5.png",
    )
    assert {case.path.name: (case.split, case.label) for case in read_catalogue(tmp_path).cases} == {
        "1.png": ("train", 1),
        "2.png": ("val", 1),
        "3.png": ("test", 0),
        "4.png": ("", 0),
        "5.png": ("", 0),
    }


def test_normal_and_abnormal_are_not_fractures(create_files, tmp_path):
    catalogue = read_catalogue(create_files(tmp_path, "normal/1.png", "Abnormal/2.png"))
    assert catalogue.finding == "abnormality"
    assert catalogue.classes == (("Abnormal", 1), ("normal", 0))


def test_abnormal_beside_fractured_is_refused(create_files, tmp_path):
    create_files(tmp_path, "normal/1.png", "abnormal/2.png", "fractured/3.png")
    with pytest.raises(DataError, match="'fractured' and 'abnormal' name different findings"):
        read_catalogue(tmp_path)


def test_positive_alone_is_ambiguous(create_files, tmp_path):
    create_files(tmp_path, "positive/1.png", "negative/2.png")
    with pytest.raises(DataError, match=r"'positive' in .* is unknown: rename it"):
        read_catalogue(tmp_path)


def test_rotated_copies_share_a_group_but_not_across_classes(create_files, tmp_path):
    create_files(
        tmp_path,
        "train/fractured/7.jpg",
        "train/fractured/7-rotated1.jpg",
        "test/fractured/7-rotated1-rotated2-rotated3.jpg",
        "train/fractured/7-rotatedby.jpg",
        "train/not fractured/7.jpg",
    )
    groups = {case.id: case.group for case in read_catalogue(tmp_path).cases}
    copies = {group for name, group in groups.items() if "/fractured/7" in name and "by" not in name}
    assert len(copies) == 1
    assert len(set(groups.values())) == 3


def test_dicom_hidden_and_foreign_files(create_files, tmp_path, dicom_header):
    create_files(
        tmp_path,
        "fractured/1.PNG",
        "fractured/.2.png",
        "fractured/notes.txt",
        "normal/deep/er/3.dcm",
        "normal/5",
        ".git/x.png",
    )
    (tmp_path / "normal" / "IM0004").write_bytes(dicom_header)
    cases = read_catalogue(tmp_path).cases
    assert [case.id for case in cases] == ["fractured/1.PNG", "normal/IM0004", "normal/deep/er/3.dcm"]


def test_unicode_names_are_read(create_files, tmp_path):
    cases = read_catalogue(
        create_files(tmp_path, "fractured/Handgelenk für Übung ☂.png", "normal/手.png")
    ).cases
    assert [case.id for case in cases] == ["fractured/Handgelenk für Übung ☂.png", "normal/手.png"]


def test_unknown_class_is_refused(create_files, tmp_path):
    create_files(tmp_path, "fractured/1.png", "normal/1.png", "maybe/1.png")
    with pytest.raises(DataError, match=r"'maybe' in .* is unknown"):
        read_catalogue(tmp_path)


def test_empty_folder_beside_the_classes_is_ignored(create_files, tmp_path):
    create_files(tmp_path, "fractured/1.png", "normal/1.png", "notes/read.txt")
    assert len(read_catalogue(tmp_path).cases) == 2


def test_empty_class_folders_are_refused(tmp_path):
    for name in ("fractured", "normal"):
        (tmp_path / name).mkdir()
    with pytest.raises(DataError, match="contain no radiographs"):
        read_catalogue(tmp_path)


def test_single_class_is_refused(create_files, tmp_path):
    create_files(tmp_path, "fractured/1.png", "other/1.txt")
    with pytest.raises(DataError, match="found: fractured, other\\): name them"):
        read_catalogue(tmp_path, "folders")
    assert not find_layout("folders").matches(tmp_path)


def test_synthetic_dataset_keeps_its_boxes(tmp_path):
    write_phantom_dataset(tmp_path, PhantomSettings(8, size=(96, 80)))
    catalogue = read_catalogue(tmp_path)
    assert catalogue.layout == "phantom"
    assert catalogue.remarks == ()
    assert all(bool(case.boxes) == bool(case.label) for case in catalogue.cases)
    assert all(0 <= side <= 1 for case in catalogue.cases for box in case.boxes for side in box)


@pytest.mark.parametrize(
    "row", ["fractured/a.png,x,0,1,1", "fractured/a.png,0.5,0,0.2,1", "fractured/a.png,0,0,90,90"]
)
def test_bad_line_of_boxes_becomes_a_remark(create_files, tmp_path, row):
    create_files(tmp_path, "fractured/a.png", "normal/b.png")
    (tmp_path / "boxes.csv").write_text(f"file,x0,y0,x1,y1\n{row}\nfractured/a.png,0,0,0.5,1.2\n")
    catalogue = read_catalogue(tmp_path)
    assert [case.boxes for case in catalogue.cases] == [((0, 0, 0.5, 1),), ()]
    skipped, clipped = catalogue.remarks
    assert (skipped.kind, clipped.kind) == ("annotation_skipped", "annotation_clipped")
    assert skipped.details[0].startswith("boxes.csv, line 2 (a.png): ")
    assert clipped.details == ("boxes.csv, line 3 (a.png)",)


def test_missing_column_of_boxes_is_named(create_files, tmp_path):
    create_files(tmp_path, "fractured/a.png", "normal/b.png")
    (tmp_path / "boxes.csv").write_text("file,x0\nfractured/a.png,0.5\n")
    with pytest.raises(DataError, match="lacks the columns x1, y0, y1"):
        read_catalogue(tmp_path)


def test_boxes_match_images_in_another_format_and_report_missing_ones(
    create_files, tmp_path, remarks_by_kind
):
    create_files(tmp_path, "fractured/a.dcm", "normal/b.png")
    (tmp_path / "boxes.csv").write_text(
        "file,x0,y0,x1,y1\nfractured/a.png,0,0,0.5,0.5\nfractured/c.png,0,0,1,1\n"
    )
    catalogue = read_catalogue(tmp_path)
    assert {case.id: case.boxes for case in catalogue.cases} == {
        "fractured/a.dcm": ((0, 0, 0.5, 0.5),),
        "normal/b.png": (),
    }
    assert remarks_by_kind(catalogue) == {"no_such_file": ("fractured/c.png",)}


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("multiregion", {("train", 0): 4640, ("train", 1): 4606, ("test", 0): 268, ("test", 1): 238}),
        ("devbatrax", {("train", 0): 4383, ("train", 1): 4480, ("val", 0): 240, ("val", 1): 360}),
    ],
)
def test_layout_of_real_folders(real_data, name, counts):
    catalogue = read_catalogue(real_data / name)
    assert (catalogue.layout, catalogue.finding, catalogue.remarks) == ("folders", "fracture", ())
    assert dict(catalogue.classes) == {"fractured": 1, "not fractured": 0}
    splits_and_labels = [(case.split, case.label) for case in catalogue.cases]
    assert {kind: splits_and_labels.count(kind) for kind in set(splits_and_labels)} == counts

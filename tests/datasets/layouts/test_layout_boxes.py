"""Readers of YOLO, COCO and Pascal VOC boxes: a bad annotation affects neither its image nor other boxes."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fracture_core.datasets.layouts import coco, voc, yolo
from fracture_core.datasets.layouts.annotation_log import AnnotationLog
from fracture_core.datasets.layouts.boxes import clip_box, clip_fractions, is_fracture_class
from fracture_core.datasets.layouts.orientation import turn_box
from fracture_core.imaging import read_radiograph


@pytest.fixture
def annotation_log() -> AnnotationLog:
    return AnnotationLog()


def _details(log: AnnotationLog) -> dict[str, tuple[str, ...]]:
    """Details by kind of remark."""
    return {remark.kind: remark.details for remark in log.remarks()}


def test_box_is_clipped_to_the_image():
    assert clip_box(-0.001, 0.2, 1.001, 0.4) == ((0.0, 0.2, 1.0, 0.4), False)
    assert clip_box(0.9, 0.9, 1.2, 1.1) == ((0.9, 0.9, 1.0, 1.0), True)


@pytest.mark.parametrize(
    ("edges", "reason"),
    [
        ((0, 0, 0, 1), "outside"),
        ((0.5, 0, 0.5, 1), "no area"),
        ((0.5, 0, 0.4, 1), "negative"),
        ((1.01, 0, 1.02, 1), "outside"),
        ((0, -2, 1, -1), "outside"),
        ((float("nan"), 0, 1, 1), "finite"),
        ((0, 0, float("inf"), 1), "finite"),
    ],
)
def test_unusable_box_has_a_reason(edges, reason):
    with pytest.raises(ValueError, match=reason):
        clip_box(*edges)


def test_pixels_are_not_fractions():
    with pytest.raises(ValueError, match="not fractions"):
        clip_fractions(0, 0, 200, 300)


def test_only_fractures_count():
    assert is_fracture_class("Fracture")
    assert is_fracture_class("fracture-positive")
    assert not any(is_fracture_class(name) for name in ("not fractured", "metal", "abnormal", ""))


# ---- YOLO ----


def test_yolo_boxes_are_read(tmp_path, annotation_log):
    path = tmp_path / "a.txt"
    path.write_text("3 0.5 0.5 0.5 0.5\n\n8 0.2 0.2 0.2 0.2\n")
    assert len(yolo.read_yolo_boxes(path, annotation_log)) == 2
    assert yolo.read_yolo_boxes(path, annotation_log, {3}) == ((0.25, 0.25, 0.75, 0.75),)
    assert yolo.read_yolo_boxes(tmp_path / "gone.txt", annotation_log) == ()
    assert annotation_log.remarks() == ()


def test_yolo_polygon_gives_its_bounding_box(tmp_path, annotation_log):
    path = tmp_path / "a.txt"
    path.write_text("0 0.31 0.32 0.42 0.33 0.45 0.47 0.33 0.46\n0 0.5 0.5 0.2 0.2 0.87\n")
    assert yolo.read_yolo_boxes(path, annotation_log) == (
        (0.31, 0.32, 0.45, 0.47),
        pytest.approx((0.4, 0.4, 0.6, 0.6)),
    )
    assert _details(annotation_log) == {"annotation_polygon": ("a.txt, line 1",)}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("0 0.5 0.5 0.1", "expected a class and a box or a polygon, but '0 0.5 0.5 0.1' has 4 numbers"),
        ("0 .1 .1 .2 .2 .3 .3 .4", "has 8 numbers"),
        ("0 a b c d", "does not consist of numbers"),
        ("x 0.5 0.5 0.1 0.1", "does not consist of numbers"),
        ("0.5 0.5 0.5 0.1 0.1", "not a class number"),
        ("0 120 80 40 40", "not fractions of the image"),
        ("0 1.2 0.5 0.1 0.1", "outside the image"),
        ("0 0.5 0.5 0 0", "no area"),
        ("0 0.5 0.5 -0.1 0.1", "negative"),
        ("0 nan 0.5 0.1 0.1", "finite"),
        ("0 .1 .1 .2 inf .3 .3", "finite"),
    ],
)
def test_bad_yolo_line_is_skipped(tmp_path, annotation_log, line, reason):
    (tmp_path / "a.txt").write_text(f"{line}\n0 0.5 0.5 0.1 0.1\n")
    assert len(yolo.read_yolo_boxes(tmp_path / "a.txt", annotation_log)) == 1
    (detail,) = _details(annotation_log)["annotation_skipped"]
    assert detail.startswith("a.txt, line 1: ")
    assert reason in detail


def test_yolo_box_over_the_edge_is_clipped(tmp_path, annotation_log):
    (tmp_path / "a.txt").write_text("0 0.95 0.5 0.2 0.2\n")
    assert yolo.read_yolo_boxes(tmp_path / "a.txt", annotation_log) == (pytest.approx((0.85, 0.4, 1.0, 0.6)),)
    assert _details(annotation_log) == {"annotation_clipped": ("a.txt, line 1",)}


def test_yolo_in_utf_16(tmp_path, annotation_log):
    (tmp_path / "a.txt").write_text("0 0.5 0.5 0.5 0.5\n", encoding="utf-16")
    assert len(yolo.read_yolo_boxes(tmp_path / "a.txt", annotation_log)) == 1


def test_binary_yolo_file_becomes_a_remark(tmp_path, annotation_log):
    (tmp_path / "a.txt").write_bytes(b"\x00\x01\x02\x00\x80\x00\x00")
    assert yolo.read_yolo_boxes(tmp_path / "a.txt", annotation_log) == ()
    assert _details(annotation_log) == {"annotation_file_unreadable": ("a.txt: it is not a text file",)}


def test_unexpected_exception_of_one_yolo_file_is_contained(tmp_path, annotation_log, monkeypatch):
    def fail(line):
        raise RuntimeError("a fault")

    monkeypatch.setattr(yolo, "_parse_line", fail)
    (tmp_path / "a.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    assert yolo.read_yolo_boxes(tmp_path / "a.txt", annotation_log) == ()
    (detail,) = _details(annotation_log)["annotation_file_unreadable"]
    assert "internal error, reference" in detail
    assert "a fault" not in detail


# ---- COCO ----

_ANNOTATION = {"id": 7, "image_id": 1, "category_id": 0, "bbox": [10, 10, 20, 20]}
_FIRST = (0.1, 0.2, 0.3, 0.6)


def _coco(**changes) -> dict:
    content = {
        "images": [{"id": 1, "file_name": "x/a.png", "width": 100, "height": 50}],
        "categories": [{"id": 0, "name": "fracture"}, {"id": 1, "name": "metal"}],
        "annotations": [
            {"image_id": 1, "category_id": 0, "bbox": [10, 10, 20, 20]},
            {"image_id": 1, "category_id": 1, "bbox": [0, 0, 5, 5]},
            {"image_id": 1, "category_id": 0, "bbox": [50, 25, 50, 25]},
        ],
    }
    return {**content, **changes}


@pytest.fixture
def read_coco(tmp_path, annotation_log):
    """Reads a COCO file of one image, a.png."""

    def run(content, **images: Path) -> dict:
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / "a.json").write_text(text)
        return coco.read_coco_boxes(tmp_path / "a.json", annotation_log, images or {"a": tmp_path / "a.png"})

    return run


def test_coco_boxes_are_read(read_coco, annotation_log):
    assert read_coco(_coco()) == {"a": (pytest.approx(_FIRST), (0.5, 0.5, 1.0, 1.0))}
    assert annotation_log.remarks() == ()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"bbox": []}, "bbox does not have four numbers"),
        ({"bbox": [1, 2, 3]}, "bbox does not have four numbers"),
        ({"bbox": {"x": 1}}, "bbox does not have four numbers"),
        ({"bbox": None}, "bbox is missing"),
        ({"bbox": [1, 2, None, 3]}, "'None' is not a number"),
        ({"bbox": [1, 2, [3], 3]}, "is not a number"),
        ({"bbox": [1, 2, True, 3]}, "is not a number"),
        ({"bbox": [1, float("nan"), 5, 3]}, "'nan' is not a number"),
        ({"bbox": [1, float("inf"), 5, 3]}, "'inf' is not a number"),
        ({"bbox": [10**400, 1, 5, 3]}, "is not a number"),
        ({"bbox": [10, 10, -5, 3]}, "negative"),
        ({"bbox": [10, 10, 0, 3]}, "no area"),
        ({"bbox": [400, 10, 5, 3]}, "outside the image"),
        ({"image_id": 4242}, "image 4242 is not listed"),
        ({"image_id": None}, "image_id is missing"),
        ({"image_id": []}, "image_id is missing"),
        ({"category_id": 9}, "category 9 is not listed"),
        ({"category_id": None}, "category_id is missing"),
        ({"category_id": {}}, "category_id is missing"),
    ],
)
def test_bad_coco_annotation_is_skipped(read_coco, annotation_log, change, reason):
    good = {"id": 8, "image_id": 1, "category_id": 0, "bbox": [50, 25, 50, 25]}
    content = _coco(annotations=[{**_ANNOTATION, **change}, good, None, "text"])
    assert read_coco(content) == {"a": ((0.5, 0.5, 1.0, 1.0),)}
    first, *rest = _details(annotation_log)["annotation_skipped"]
    assert first.startswith("a.json, annotation 7")
    assert reason in first
    assert rest == [f"a.json, annotation number {at}: it is not an object with fields" for at in (3, 4)]


def test_coco_box_over_the_edge_is_clipped(read_coco, annotation_log):
    boxes = read_coco(_coco(annotations=[{**_ANNOTATION, "bbox": [90, -10, 40, 20]}]))
    assert boxes == {"a": (pytest.approx((0.9, 0.0, 1.0, 0.2)),)}
    assert _details(annotation_log) == {"annotation_clipped": ("a.json, annotation 7",)}


def test_coco_numbers_as_text_are_read(read_coco):
    content = _coco(annotations=[{**_ANNOTATION, "image_id": "1", "bbox": ["10", "10", "20", "20"]}])
    assert read_coco(content) == {"a": (pytest.approx(_FIRST),)}


@pytest.mark.parametrize("size", [{}, {"width": 0, "height": 50}, {"width": None, "height": "x"}])
def test_size_of_the_image_file_replaces_a_missing_one(read_coco, tmp_path, annotation_log, size):
    Image.fromarray(np.zeros((50, 100), np.uint8)).save(tmp_path / "a.png")
    content = _coco(images=[{"id": 1, "file_name": "a.png", **size}], annotations=[_ANNOTATION])
    assert read_coco(content) == {"a": (pytest.approx(_FIRST),)}
    assert annotation_log.remarks() == ()


def test_annotation_of_unknown_size_is_skipped(read_coco, annotation_log):
    content = _coco(images=[{"id": 1, "file_name": "a.png"}], annotations=[_ANNOTATION])
    assert read_coco(content) == {}
    assert "width and height of its image are unknown" in _details(annotation_log)["annotation_skipped"][0]


def test_duplicated_coco_ids(read_coco, annotation_log):
    other = {**_ANNOTATION, "bbox": [50, 25, 50, 25]}
    content = _coco(annotations=[_ANNOTATION, _ANNOTATION, other])
    assert read_coco(content) == {"a": (pytest.approx(_FIRST), (0.5, 0.5, 1.0, 1.0))}
    assert _details(annotation_log) == {
        "annotation_duplicate": (
            "a.json, annotation 7: it is the same box and was left out",
            "a.json, annotation 7: both boxes were kept",
        )
    }


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"images": [{"id": 1, "file_name": f"{name}.png", "width": 100, "height": 50} for name in "ab"]},
            "two images have the id 1: a and b",
        ),
        (
            {"categories": [{"id": 0, "name": "fracture"}, {"id": 0, "name": "metal"}]},
            "category 0 is listed twice",
        ),
        ({"images": [{"id": 1, "file_name": 3, "width": 9, "height": 9}]}, "image 1 has no file name"),
    ],
)
def test_annotations_with_ambiguous_coco_ids_are_skipped(read_coco, annotation_log, changes, reason):
    assert read_coco(_coco(annotations=[_ANNOTATION], **changes)) == {}
    assert reason in _details(annotation_log)["annotation_skipped"][0]


def test_coco_annotation_of_a_missing_image(read_coco, annotation_log):
    content = _coco(
        images=[{"id": 1, "file_name": "gone.png", "width": 9, "height": 9}], annotations=[_ANNOTATION]
    )
    assert read_coco(content) == {}
    assert _details(annotation_log) == {"annotation_without_film": ("a.json, annotation 7 (gone)",)}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "it has no list of images"),
        ("[" * 100_000, "nested too deeply"),
        ({"images": []}, "it has no list of categories"),
        (_coco(annotations={}), "it has no list of annotations"),
    ],
)
def test_invalid_coco_file_becomes_a_remark(read_coco, annotation_log, content, reason):
    assert read_coco(content) == {}
    (detail,) = _details(annotation_log)["annotation_file_unreadable"]
    assert detail.startswith("a.json: ")
    assert reason in detail


# ---- EXIF orientation ----


def _write_rotated_jpeg(path: Path, orientation: int, size: tuple[int, int] = (100, 50)) -> None:
    """A black JPEG with a white rectangle, whose EXIF tag turns it."""
    width, height = size
    pixels = np.zeros((height, width), np.uint8)
    pixels[height // 5 : height * 3 // 5, width // 10 : width * 3 // 10] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, exif=exif, quality=95)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_are_rotated_like_the_image(tmp_path, orientation):
    _write_rotated_jpeg(tmp_path / "a.jpg", orientation)
    mask = read_radiograph(tmp_path / "a.jpg").pixels > 0.5
    rows, columns = np.nonzero(mask)
    height, width = mask.shape
    edges = (
        columns.min() / width,
        rows.min() / height,
        (columns.max() + 1) / width,
        (rows.max() + 1) / height,
    )
    assert turn_box((0.1, 0.2, 0.3, 0.6), orientation) == pytest.approx(edges, abs=0.02)


@pytest.mark.parametrize(("size", "boxes"), [((100, 50), (0.4, 0.1, 0.8, 0.3)), ((50, 100), _FIRST)])
def test_coco_boxes_on_stored_pixels_are_rotated(read_coco, tmp_path, annotation_log, size, boxes):
    _write_rotated_jpeg(tmp_path / "a.jpg", 6)
    width, height = size
    mark = {**_ANNOTATION, "bbox": [0.1 * width, 0.2 * height, 0.2 * width, 0.4 * height]}
    content = _coco(
        images=[{"id": 1, "file_name": "a.jpg", "width": width, "height": height}], annotations=[mark]
    )
    assert read_coco(content, a=tmp_path / "a.jpg") == {"a": (pytest.approx(boxes),)}
    expected_remarks = {"box_turned": ("a.json (a): EXIF orientation 6",)} if size == (100, 50) else {}
    assert {
        kind: tuple(d.replace(" (a)", "") for d in details)
        for kind, details in _details(annotation_log).items()
    } == {kind: tuple(d.replace(" (a)", "") for d in details) for kind, details in expected_remarks.items()}


@pytest.mark.parametrize(
    ("orientation", "size", "declared", "reason"),
    [
        (6, (64, 64), (64, 64), "does not change the size"),
        (3, (100, 50), (100, 50), "does not change the size"),
        (6, (100, 50), (70, 64), "another size (70 × 64)"),
    ],
)
def test_ambiguous_orientation_becomes_a_remark(
    read_coco, tmp_path, annotation_log, orientation, size, declared, reason
):
    _write_rotated_jpeg(tmp_path / "a.jpg", orientation, size)
    image = {"id": 1, "file_name": "a.jpg", "width": declared[0], "height": declared[1]}
    assert len(read_coco(_coco(images=[image]), a=tmp_path / "a.jpg")["a"]) == 2
    (detail,) = _details(annotation_log)["box_orientation_unclear"]
    assert reason in detail


def test_yolo_orientation_is_ambiguous(tmp_path, annotation_log):
    _write_rotated_jpeg(tmp_path / "a.jpg", 6)
    (tmp_path / "a.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    assert len(yolo.read_yolo_boxes(tmp_path / "a.txt", annotation_log, image=tmp_path / "a.jpg")) == 1
    assert "gives no image size" in _details(annotation_log)["box_orientation_unclear"][0]


# ---- Pascal VOC ----


def _voc(box: str = "<xmin>20</xmin><ymin>10</ymin><xmax>60</xmax><ymax>30</ymax>", size: str = "") -> str:
    size = size or "<size><width>200</width><height>100</height></size>"
    return (
        f"<annotation>{size}<object><name>text</name><bndbox/></object>"
        f"<object><name>Fracture</name><bndbox>{box}</bndbox></object>"
        "<object><name>Fracture</name><bndbox><xmin>100</xmin><ymin>50</ymin><xmax>200</xmax><ymax>100</ymax>"
        "</bndbox></object></annotation>"
    )


def test_voc_boxes_are_read(tmp_path, annotation_log):
    (tmp_path / "a.xml").write_text(_voc())
    assert voc.read_voc_boxes(tmp_path / "a.xml", annotation_log) == (
        (0.1, 0.1, 0.3, 0.3),
        (0.5, 0.5, 1.0, 1.0),
    )
    assert voc.read_voc_boxes(tmp_path / "gone.xml", annotation_log) == ()
    assert annotation_log.remarks() == ()


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        ("<xmin>20</xmin>", "bndbox/ymin is missing"),
        ("<xmin>a</xmin><ymin>1</ymin><xmax>6</xmax><ymax>3</ymax>", "bndbox/xmin is 'a', not a number"),
        ("<xmin>nan</xmin><ymin>1</ymin><xmax>6</xmax><ymax>3</ymax>", "not a number"),
        ("<xmin>60</xmin><ymin>1</ymin><xmax>6</xmax><ymax>3</ymax>", "negative"),
        ("<xmin>260</xmin><ymin>1</ymin><xmax>300</xmax><ymax>3</ymax>", "outside the image"),
    ],
)
def test_bad_voc_object_is_skipped(tmp_path, annotation_log, box, reason):
    (tmp_path / "a.xml").write_text(_voc(box))
    assert voc.read_voc_boxes(tmp_path / "a.xml", annotation_log) == ((0.5, 0.5, 1.0, 1.0),)
    (detail,) = _details(annotation_log)["annotation_skipped"]
    assert detail.startswith("a.xml, object 2: ")
    assert reason in detail


@pytest.mark.parametrize("size", ["<size/>", "<size><width>0</width><height>9</height></size>"])
def test_voc_without_size_uses_the_image_size(tmp_path, annotation_log, size):
    (tmp_path / "a.xml").write_text(_voc(size=size))
    assert voc.read_voc_boxes(tmp_path / "a.xml", annotation_log) == ()
    assert len(_details(annotation_log)["annotation_skipped"]) == 2
    Image.fromarray(np.zeros((100, 200), np.uint8)).save(tmp_path / "a.png")
    assert voc.read_voc_boxes(tmp_path / "a.xml", AnnotationLog(), tmp_path / "a.png")[0] == (
        0.1,
        0.1,
        0.3,
        0.3,
    )


_BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><annotation>&b;</annotation>'
_SECRET = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><annotation>&a;</annotation>'


@pytest.mark.parametrize("text", ["", "<annotation>", _BOMB, _SECRET])
def test_invalid_voc_file_becomes_a_remark(tmp_path, annotation_log, text):
    (tmp_path / "a.xml").write_text(text)
    assert voc.read_voc_boxes(tmp_path / "a.xml", annotation_log) == ()
    assert _details(annotation_log)["annotation_file_unreadable"][0].startswith(
        "a.xml: it cannot be read as XML"
    )

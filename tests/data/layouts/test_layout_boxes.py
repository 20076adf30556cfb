"""Box readers: YOLO, COCO and Pascal VOC, and what each says of a broken file."""

import json

import pytest

from fracture_core.data.layouts import coco, voc, yolo
from fracture_core.data.layouts.boxes import checked, is_fracture
from fracture_core.errors import DataError


def test_boxes_are_cut_to_the_image():
    assert checked(-0.01, 0.2, 1.001, 0.4) == (0.0, 0.2, 1.0, 0.4)


@pytest.mark.parametrize(
    "edges",
    [
        (0, 0, 0, 1),
        (0.5, 0, 0.4, 1),
        (0, 0, 2, 1),
        (-1, 0, 1, 1),
        (float("nan"), 0, 1, 1),
        (1.01, 0, 1.02, 1),
    ],
)
def test_boxes_that_cannot_be(edges):
    with pytest.raises(ValueError, match="a box"):
        checked(*edges)


def test_only_fractures_count():
    assert is_fracture("Fracture")
    assert is_fracture("fracture-positive")
    assert not any(is_fracture(name) for name in ("not fractured", "metal", "abnormal", ""))


# ---- YOLO ----


def test_yolo(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("3 0.5 0.5 0.5 0.5\n\n8 0.2 0.2 0.2 0.2\n")
    assert len(yolo.boxes(path)) == 2
    assert yolo.boxes(path, {3}) == ((0.25, 0.25, 0.75, 0.75),)
    assert yolo.boxes(tmp_path / "gone.txt") == ()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("0 0.5 0.5 0.1", r"reads '0 0\.5 0\.5 0\.1': mend"),
        ("0 a b c d", "reads '0 a b c d'"),
        ("0 120 80 40 40", "a box lies off the image"),
        ("0 0.5 0.5 0 0", "a box has no area"),
        ("0 nan 0.5 0.1 0.1", "a box lies off the image"),
    ],
)
def test_broken_yolo(tmp_path, line, words):
    (tmp_path / "a.txt").write_text(f"0 0.5 0.5 0.1 0.1\n{line}\n")
    with pytest.raises(DataError, match=rf"a\.txt, but line 2 .*{words}"):
        yolo.boxes(tmp_path / "a.txt")


def test_yolo_that_is_no_text(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x80")
    with pytest.raises(DataError, match="it is no text file"):
        yolo.boxes(tmp_path / "a.txt")


# ---- COCO ----


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


def test_coco(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(_coco()))
    found = coco.boxes(tmp_path / "a.json")
    assert found == {"a": (pytest.approx((0.1, 0.2, 0.3, 0.6)), (0.5, 0.5, 1.0, 1.0))}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "cannot be read as such"),
        ("[]", "cannot be read as such"),
        ("[" * 100_000, "cannot be read as such"),
        ({"images": []}, "'categories' is missing"),
        (_coco(images=[]), "1 is missing"),
        (_coco(images=[{"id": 1, "file_name": "a", "width": 0, "height": 5}]), "division by zero"),
        (_coco(images=[{"id": 1, "file_name": 3, "width": 10, "height": 5}]), "cannot be read as such"),
        (_coco(annotations=[{"image_id": 1, "category_id": 0, "bbox": [1, 2, 3]}]), "cannot be read as such"),
        (_coco(annotations=[{"image_id": 1, "category_id": 0, "bbox": [1, 2, 900, 3]}]), "off the image"),
        (_coco(annotations=[{"image_id": [], "category_id": 0, "bbox": [1, 2, 9, 3]}]), "cannot be read"),
    ],
)
def test_broken_coco(tmp_path, content, words):
    (tmp_path / "a.json").write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(DataError, match=rf"COCO annotations in .*a\.json, .*{words}"):
        coco.boxes(tmp_path / "a.json")


# ---- Pascal VOC ----


def _voc(box: str = "<xmin>20</xmin><ymin>10</ymin><xmax>60</xmax><ymax>30</ymax>", size: str = "") -> str:
    size = size or "<size><width>200</width><height>100</height></size>"
    return (
        f"<annotation>{size}<object><name>text</name><bndbox/></object>"
        f"<object><name>Fracture</name><bndbox>{box}</bndbox></object></annotation>"
    )


def test_voc(tmp_path):
    (tmp_path / "a.xml").write_text(_voc())
    assert voc.boxes(tmp_path / "a.xml") == ((0.1, 0.1, 0.3, 0.3),)
    assert voc.boxes(tmp_path / "gone.xml") == ()


_BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><annotation>&b;</annotation>'
_SECRET = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><annotation>&a;</annotation>'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no element found"),
        ("<annotation>", "no element found"),
        (_voc("<xmin>20</xmin>"), "bndbox/ymin is missing"),
        (_voc(size="<size/>"), "size/width is missing"),
        (_voc(size="<size><width>0</width><height>9</height></size>"), "division by zero"),
        (_voc("<xmin>a</xmin><ymin>1</ymin><xmax>6</xmax><ymax>3</ymax>"), "could not convert"),
        (_voc("<xmin>60</xmin><ymin>1</ymin><xmax>6</xmax><ymax>3</ymax>"), "no area"),
        (_BOMB, "EntitiesForbidden"),
        (_SECRET, "EntitiesForbidden"),
    ],
)
def test_broken_voc(tmp_path, text, words):
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(DataError, match=rf"Pascal VOC annotations in .*a\.xml, .*{words}"):
        voc.boxes(tmp_path / "a.xml")

"""Detection of image files, and search for the images that a table names."""

from pathlib import Path

import pytest

from fracture_core.datasets.layouts.image_files import ImageFinder, file_stem, find_images


def test_files_without_extension_are_detected_from_content(tmp_path, dicom_header):
    for name, content in {
        "IM0001": dicom_header,
        "1.2.840.113619.2.5": dicom_header,
        "DICOMDIR": dicom_header,
        "README": b"read me",
        "empty": b"",
        "scan": b"\x89PNG\r\n\x1a\n" + b"\0" * 200,
        "film.dic": b"",
        "film.DICOM": b"",
        "table.csv": dicom_header,
    }.items():
        (tmp_path / name).write_bytes(content)
    assert [path.name for path in find_images(tmp_path)] == [
        "1.2.840.113619.2.5",
        "IM0001",
        "film.DICOM",
        "film.dic",
        "scan",
    ]


def test_missing_folder_has_no_images(tmp_path):
    assert find_images(tmp_path / "gone") == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/b/IMG1.jpg", "IMG1"),
        ("a\\IMG1.PNG", "IMG1"),
        ("1.2.840.5", "1.2.840.5"),
        ("1.2.840.5.dcm", "1.2.840.5"),
        ("hand.left", "hand.left"),
    ],
)
def test_stem_of_a_file_name(name, expected):
    assert file_stem(name) == expected


def test_finder_accepts_another_extension(tmp_path):
    (tmp_path / "a.dcm").touch()
    (tmp_path / "b.txt").touch()
    find = ImageFinder()
    assert find(tmp_path / "a.dcm") == find(tmp_path / "a.png") == tmp_path / "a.dcm"
    assert find(tmp_path / "b.png") is None
    assert find(tmp_path / "none" / "a.png") is None
    assert find(Path("x\0y")) is None
    assert find(tmp_path / ("x" * 500)) is None

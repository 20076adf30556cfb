"""Detection of the file type, and reading of any file."""

import io
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from fracture_core.errors import ImageReadError
from fracture_core.imaging import read_radiograph

GREY = np.array([[0, 255]], np.uint8)


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("film.png", b"")
    return file.getvalue()


def test_paths_strings_and_bytes_are_accepted(encode_image, tmp_path):
    data = encode_image(GREY, "PNG")
    path = tmp_path / "film.png"
    path.write_bytes(data)
    for source in (data, bytearray(data), memoryview(data), path, str(path)):
        assert_array_equal(read_radiograph(source).pixels, [[0, 1]])


def test_file_type_is_detected_from_the_content(encode_image, make_dicom, tmp_path):
    for name, data, kind in [
        ("film.dcm", encode_image(GREY, "PNG"), "PNG"),
        ("film.png", encode_image(GREY, "BMP"), "BMP"),
        ("film.jpg", make_dicom(GREY), "DICOM (CR)"),
        ("film", encode_image(GREY, "TIFF"), "TIFF"),
    ]:
        path = tmp_path / name
        path.write_bytes(data)
        assert read_radiograph(path).kind == kind


@pytest.mark.filterwarnings("ignore:Unknown encoding")
@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "a PDF document"),
        (_zip(), "a ZIP archive or an Office document"),
        (b"Patient fell on outstretched hand.\n" * 5, "a text file"),
        ("Größe, Röntgen ✓\n".encode() * 500, "a text file"),
        (b'{"a": 1}', "a text file"),
        (b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff;", "a GIF image"),
        (b"\0\0\0\x20ftypheic" + bytes(50), "a HEIF photo"),
        (b"\0\0\0\x20ftypisom" + bytes(50), "an MPEG-4 video"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b"\x00\x01\x02\xfe" * 100, "a file of an unknown type"),
        (bytes(400), "a file of an unknown type"),
        (bytes(np.random.default_rng(1).integers(128, 255, 500, np.uint8)), "a file of an unknown type"),
        (b"\x08\x00\x05\x00" + b"\xfe" * 40, "a file of an unknown type"),
        (b"BM, a text that begins like a bitmap", "a text file"),
    ],
)
def test_other_files_are_rejected_by_name(data, name):
    with pytest.raises(ImageReadError) as excinfo:
        read_radiograph(data)
    assert str(excinfo.value) == (
        f"This is {name}; expected one radiograph as PNG, JPEG, TIFF, BMP, WebP or DICOM: "
        "export the image and upload that."
    )


def test_empty_file_is_rejected(tmp_path):
    with pytest.raises(ImageReadError, match="The file is empty"):
        read_radiograph(b"")
    (tmp_path / "empty.png").touch()
    with pytest.raises(ImageReadError, match="The file is empty"):
        read_radiograph(tmp_path / "empty.png")


def test_missing_file_is_rejected(tmp_path):
    with pytest.raises(ImageReadError, match=r"There is no file at .*film\.png"):
        read_radiograph(tmp_path / "film.png")


def test_folder_is_rejected(tmp_path):
    with pytest.raises(ImageReadError, match="is a folder"):
        read_radiograph(tmp_path)


def test_file_used_as_folder_is_rejected(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(ImageReadError, match="cannot be opened"):
        read_radiograph(tmp_path / "file" / "film.png")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(3))
def test_damaged_files_give_an_image_read_error_or_an_image(encode_image, make_dicom, film, seed):
    """Flipped bytes and cuts never raise anything but `ImageReadError`."""
    rng = np.random.default_rng(seed)
    small = (film[::8, ::8] * 255).astype(np.uint8)
    files = [encode_image(small, f) for f in ("PNG", "JPEG", "TIFF", "BMP", "WEBP")]
    files.append(make_dicom(small, WindowCenter=100, WindowWidth=200, PixelSpacing=[0.1, 0.1]))
    for data in files:
        for _ in range(40):
            damaged = bytearray(data)
            for position in rng.integers(0, min(len(damaged), 700), 4):
                damaged[position] = rng.integers(0, 256)
            if rng.random() < 0.3:
                damaged = damaged[: rng.integers(1, len(damaged))]
            pixels = _read_or_reject(bytes(damaged))
            assert pixels.dtype == np.float32
            assert pixels.min() >= 0
            assert pixels.max() <= 1


def _read_or_reject(data: bytes) -> np.ndarray:
    try:
        return read_radiograph(data).pixels
    except ImageReadError:
        return np.zeros(1, np.float32)

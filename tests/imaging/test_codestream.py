"""Headers of compressed images."""

import numpy as np
import pytest

from fracture_core.imaging.codestream import read_announced_size


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"exif": b"Exif\0\0" + bytes(300)}])
def test_size_of_a_jpeg(encode_image, options):
    assert read_announced_size(encode_image(np.zeros((24, 40), np.uint8), "JPEG", **options)) == (24, 40)


def test_size_of_a_jpeg_2000(encode_image):
    stream = encode_image(np.zeros((24, 40), np.uint8), "JPEG2000", no_jp2=True)
    assert read_announced_size(stream) == (24, 40)


def test_other_bytes_have_no_size():
    assert read_announced_size(b"\0" * 100) is None


@pytest.mark.parametrize("keep", [2, 10, 30])
def test_jpeg_without_its_header_is_an_error(encode_image, keep):
    with pytest.raises(ValueError, match="without a frame header"):
        read_announced_size(encode_image(np.zeros((24, 40), np.uint8), "JPEG")[:keep])

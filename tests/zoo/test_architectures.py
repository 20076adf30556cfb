"""Search for architectures, and their input sizes."""

import pytest

from fracture_core.errors import ModelError
from fracture_core.imaging import InputSpec
from fracture_core.zoo import ARCHITECTURES, find_architecture


def test_unknown_architecture_lists_the_known_ones():
    with pytest.raises(
        ModelError, match=r"'vgg': choose one of mobilenet_v2, mobilenet_v2_map, .*four_block, .*small_fcn"
    ):
        find_architecture("vgg")


def test_input_at_another_size():
    architecture = ARCHITECTURES["mobilenet_v2"]
    assert architecture.at_size(None) is architecture.input
    assert architecture.at_size(320) == InputSpec(320, 320, 3, "signed")
    assert architecture.at_size(64).height == 64
    assert architecture.at_size(1024).width == 1024


@pytest.mark.parametrize(
    ("size", "nearest"), [(225, 224), (250, 256), (32, 64), (0, 64), (-64, 64), (1056, 1024)]
)
def test_unsupported_size_suggests_the_nearest(size, nearest):
    with pytest.raises(
        ModelError,
        match=f"size {size} is not supported: choose a multiple of 32 from 64 to 1024, such as {nearest}",
    ):
        ARCHITECTURES["four_block"].at_size(size)

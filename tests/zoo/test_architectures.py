import pytest

from fracture_core.errors import ModelError
from fracture_core.imaging import InputSpec
from fracture_core.zoo import ARCHITECTURES, find_architecture


def test_an_unknown_architecture_is_refused_by_name():
    with pytest.raises(
        ModelError, match=r"mobilenet_v2, mobilenet_v2_map, .*four_block, .*small_fcn.*but got 'vgg'"
    ):
        find_architecture("vgg")


def test_at_size():
    row = ARCHITECTURES["mobilenet_v2"]
    assert row.at_size(None) is row.input
    assert row.at_size(320) == InputSpec(320, 320, 3, "signed")
    assert row.at_size(64).height == 64
    assert row.at_size(1024).width == 1024


@pytest.mark.parametrize(
    ("size", "instead"), [(225, 224), (250, 256), (32, 64), (0, 64), (-64, 64), (1056, 1024)]
)
def test_impossible_sizes(size, instead):
    with pytest.raises(
        ModelError, match=f"multiple of 32 from 64 to 1024, but got {size}: choose {instead}, say"
    ):
        ARCHITECTURES["four_block"].at_size(size)

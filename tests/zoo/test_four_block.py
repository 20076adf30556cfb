"""Layers of the four-block CNN as in its report."""

import pytest

from fracture_core.zoo import find_architecture


@pytest.fixture(scope="module")
def four_block_network():
    architecture = find_architecture("four_block")
    return architecture.build(architecture.input)


def test_shapes_and_parameters(four_block_network):
    expected = [("image", (None, 224, 224, 1), 0)]
    channels, side = 1, 224
    for number, filters in enumerate((32, 64, 128, 256), 1):
        expected += [
            (f"block{number}_conv", (None, side, side, filters), 9 * channels * filters + filters),
            (f"block{number}_norm", (None, side, side, filters), 4 * filters),
            (f"block{number}_pool", (None, side // 2, side // 2, filters), 0),
        ]
        channels, side = filters, side // 2
    expected += [
        ("flatten", (None, 14 * 14 * 256), 0),
        ("dense", (None, 128), 14 * 14 * 256 * 128 + 128),
        ("dropout", (None, 128), 0),
        ("logit", (None, 1), 129),
        ("probability", (None, 1), 0),
    ]
    layers = [
        (layer.name, tuple(layer.output.shape), layer.count_params()) for layer in four_block_network.layers
    ]
    assert layers == expected
    assert four_block_network.count_params() == 6_812_545


def test_activations_and_dropout(four_block_network):
    for number in range(1, 5):
        layer = four_block_network.get_layer(f"block{number}_conv")
        assert (layer.activation.__name__, layer.padding, layer.strides) == ("relu", "same", (1, 1))
    assert four_block_network.get_layer("dense").activation.__name__ == "relu"
    assert four_block_network.get_layer("logit").activation.__name__ == "linear"
    assert four_block_network.get_layer("dropout").rate == 0.5

"""Published architectures match their descriptions, layer by layer where these are given."""

import keras
import numpy as np
import pytest

from fracture_core.zoo import find_architecture
from fracture_core.zoo.architecture import LOGIT_LAYER, PROBABILITY_LAYER, STANDARDISE_LAYER
from fracture_core.zoo.head import CLASSES_LAYER


def _build(name: str) -> keras.Model:
    architecture = find_architecture(name)
    return architecture.build(architecture.input)


def _shape(model: keras.Model, layer: str) -> tuple:
    return tuple(model.get_layer(layer).output.shape[1:])


def test_two_block_matches_its_slides():
    model = _build("two_block")
    for layer, shape, parameters in (
        ("block1_conv", (222, 222, 32), 896),
        ("block1_pool", (111, 111, 32), 0),
        ("block2_conv", (109, 109, 64), 18_496),
        ("block2_pool", (54, 54, 64), 0),
        ("flatten", (186_624,), 0),
        ("dropout", (186_624,), 0),
        ("dense", (128,), 23_888_000),
        (LOGIT_LAYER, (1,), 129),
    ):
        assert _shape(model, layer) == shape
        assert model.get_layer(layer).count_params() == parameters
    assert model.get_layer("dropout").rate == 0.5
    assert model.count_params() == 896 + 18_496 + 23_888_000 + 129


def test_inception_matches_its_paper():
    model = _build("inception")
    for layer, shape in (
        ("stem_conv", (112, 112, 32)),
        ("stem_pool", (56, 56, 32)),
        ("inception1", (56, 56, 128)),
        ("inception2", (56, 56, 256)),
        ("pool1", (28, 28, 256)),
        ("inception3", (28, 28, 512)),
        ("inception4", (28, 28, 1024)),
        ("pool2", (14, 14, 1024)),
        ("pool", (1024,)),
        (CLASSES_LAYER, (2,)),
    ):
        assert _shape(model, layer) == shape
    for number, width in enumerate((128, 256, 512, 1024), 1):
        for branch in ("1x1", "3x3", "5x5", "project"):
            assert _shape(model, f"inception{number}_{branch}")[-1] == width // 4
    assert (model.get_layer("stem_conv").kernel_size, model.get_layer("stem_conv").strides) == (
        (7, 7),
        (2, 2),
    )


def test_four_block_matches_its_report():
    model = _build("four_block")
    for number, (filters, side) in enumerate(((32, 112), (64, 56), (128, 28), (256, 14)), 1):
        assert _shape(model, f"block{number}_pool") == (side, side, filters)
        assert model.get_layer(f"block{number}_conv").kernel_size == (3, 3)


def test_three_block_and_cnn150_shapes():
    three, small = _build("three_block"), _build("cnn150")
    assert three.input_shape[1:3] == (128, 128)
    assert small.input_shape[1:3] == (150, 150)
    assert _shape(three, "block3_pool") == (16, 16, 128)
    assert _shape(small, CLASSES_LAYER) == (2,)
    assert CLASSES_LAYER not in {layer.name for layer in three.layers}


def test_softmax_head_equals_a_softmax():
    model = _build("cnn150")
    images = np.random.default_rng(0).uniform(-1, 1, (3, 150, 150, 3)).astype(np.float32)
    both = keras.Model(
        model.input,
        [model.get_layer(name).output for name in (CLASSES_LAYER, LOGIT_LAYER, PROBABILITY_LAYER)],
    )
    classes, logit, probability = both.predict_on_batch(images)
    softmax = np.exp(classes) / np.exp(classes).sum(axis=1, keepdims=True)
    assert probability[:, 0] == pytest.approx(softmax[:, 1], abs=1e-6)
    assert logit[:, 0] == pytest.approx(classes[:, 1] - classes[:, 0], abs=1e-6)


@pytest.mark.parametrize(
    ("name", "backbone"),
    [
        ("frozen_mobilenet_v2", 2_257_984),
        ("frozen_efficientnet_b0", 4_049_571),
        ("frozen_resnet50", 23_587_712),
    ],
)
def test_frozen_backbones_have_their_parameter_count(name, backbone):
    model = _build(name)
    width = model.get_layer("head_pool").output.shape[-1]
    assert model.get_layer("head_dense").units == 64
    assert model.count_params() == backbone + 64 * (width + 1) + 65


def test_only_inception_standardises_its_input():
    names = {layer.name for layer in _build("inception").layers}
    assert STANDARDISE_LAYER in names
    assert STANDARDISE_LAYER not in {layer.name for layer in _build("four_block").layers}

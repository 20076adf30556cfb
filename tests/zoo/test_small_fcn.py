"""Pooling of the small fully convolutional network."""

import keras
import numpy as np
import pytest

from fracture_core.zoo import find_architecture
from fracture_core.zoo.model_views import logit_view

ARCHITECTURE = find_architecture("small_fcn")


@pytest.fixture(scope="module")
def small_fcn_network():
    keras.utils.set_random_seed(3)
    return ARCHITECTURE.build(ARCHITECTURE.input)


def test_parameter_count_and_heatmap_size(small_fcn_network):
    assert small_fcn_network.count_params() == 46_929
    assert small_fcn_network.get_layer(ARCHITECTURE.heatmap_layer).output.shape[1:] == (16, 16, 64)


def test_logit_does_not_depend_on_position(small_fcn_network):
    empty, left_spot, right_spot = (np.zeros((1, 128, 128, 1), np.float32) for _ in range(3))
    # The shift is a whole number of grid cells, away from the edges.
    left_spot[0, 40:48, 44:50] = 1
    right_spot[0, 72:80, 76:82] = 1
    logit = logit_view(small_fcn_network).predict_on_batch
    assert logit(left_spot) == pytest.approx(logit(right_spot), abs=1e-5)
    assert abs(float(logit(left_spot)[0, 0] - logit(empty)[0, 0])) > 1e-3


def test_pooling_lies_between_mean_and_maximum(small_fcn_network):
    image = np.random.default_rng(0).uniform(0, 1, (1, 128, 128, 1)).astype(np.float32)
    cells = keras.Model(
        small_fcn_network.input, small_fcn_network.get_layer("cells").output
    ).predict_on_batch(image)[0]
    weight, bias = small_fcn_network.get_layer("logit").get_weights()
    pooled = np.log(np.exp(3.0 * cells.astype(float)).mean(axis=0)) / 3.0
    assert (pooled >= cells.mean(axis=0) - 1e-5).all()
    assert (pooled <= cells.max(axis=0) + 1e-5).all()
    expected = pooled @ weight[:, 0] + bias[0]
    assert logit_view(small_fcn_network).predict_on_batch(image)[0, 0] == pytest.approx(expected, abs=1e-4)

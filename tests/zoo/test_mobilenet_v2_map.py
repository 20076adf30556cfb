"""The logit and its heatmap are computed from the fracture map."""

import keras
import numpy as np
import pytest

from fracture_core.explain.gradcam import GradCam
from fracture_core.zoo import find_architecture
from fracture_core.zoo.architecture import FRACTURE_MAP_LAYER, LOGIT_LAYER
from fracture_core.zoo.model_views import training_view

ARCHITECTURE = find_architecture("mobilenet_v2_map")


@pytest.fixture(scope="module")
def map_network():
    """The untrained network; its batch statistics fit random inputs."""
    keras.utils.set_random_seed(3)
    model = ARCHITECTURE.build(ARCHITECTURE.at_size(64))
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(_inputs(16), training=True)
    return model


def _inputs(count: int) -> np.ndarray:
    return np.random.default_rng(count).uniform(-1, 1, (count, 64, 64, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def map_outputs(map_network):
    """Logits and fracture maps of four images, called without tracing a graph."""
    return keras.tree.map_structure(np.asarray, training_view(map_network)(_inputs(4), training=False))


def test_heatmap_is_proportional_to_the_map(map_network, map_outputs):
    """Grad-CAM of the logit is the map's evidence, up to one positive factor per image."""
    bias = map_network.get_layer(FRACTURE_MAP_LAYER).get_weights()[1]
    evidence = np.maximum(map_outputs[FRACTURE_MAP_LAYER][..., 0] - bias, 0)
    for cam, expected in zip(
        GradCam(map_network, ARCHITECTURE.heatmap_layer)(_inputs(4)), evidence, strict=True
    ):
        assert cam.max() > 0
        np.testing.assert_allclose(cam / cam.max(), expected / expected.max(), atol=1e-3)


def test_logit_is_pooled_from_the_map(map_network, map_outputs):
    cells = map_outputs[FRACTURE_MAP_LAYER].reshape(4, -1).astype(float)
    pooled = np.log(np.exp(4 * cells).sum(1)) / 4
    slope, bias = map_network.get_layer(LOGIT_LAYER).get_weights()
    assert slope >= 0
    np.testing.assert_allclose(
        map_outputs[LOGIT_LAYER][:, 0], slope[0, 0] * pooled + bias[0], rtol=1e-4, atol=1e-4
    )


def test_untrained_network_predicts_few_fractured_cells(map_outputs):
    assert map_outputs[FRACTURE_MAP_LAYER].mean() < 0


def test_weights_take_less_than_20_megabytes(map_network):
    assert map_network.count_params() * 4 < 20e6

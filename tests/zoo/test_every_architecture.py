"""One set of tests over every row of the table."""

import keras
import numpy as np
import pytest

from fracture_core.explain.gradcam import GradCam
from fracture_core.imaging.prepare import SCALINGS
from fracture_core.zoo import find_architecture
from fracture_core.zoo.architecture import FRACTURE_MAP_LAYER, LOGIT_LAYER, PROBABILITY_LAYER
from fracture_core.zoo.backbone import build_backbone, canonical_layer_name
from fracture_core.zoo.head import is_head_layer
from fracture_core.zoo.model_views import logit_view, training_view


@pytest.fixture(scope="module")
def batch(spec):
    values = np.random.default_rng(0).uniform(-1, 1, (3, spec.height, spec.width, spec.channels))
    return values.astype(np.float32)


def test_the_row_is_complete(row):
    assert find_architecture(row.name) is row
    assert row.title
    assert row.source
    assert row.input.scaling in SCALINGS
    assert row.at_size(row.input.height) == row.input


def test_it_is_flat_and_functional(zoo_network):
    assert type(zoo_network) is keras.Model or type(zoo_network).__name__ == "Functional"
    assert not [layer.name for layer in zoo_network.layers if isinstance(layer, keras.Model)]


def test_it_is_not_compiled(zoo_network):
    assert not getattr(zoo_network, "compiled", False)


def test_input_and_output(zoo_network, spec, batch):
    assert zoo_network.input_shape == (None, spec.height, spec.width, spec.channels)
    assert zoo_network.output_shape == (None, 1)
    probability = zoo_network.predict_on_batch(batch)
    assert probability.shape == (3, 1)
    assert (probability > 0).all()
    assert (probability < 1).all()
    assert np.ptp(probability) > 0  # it looks at what it is fed


def test_the_last_layers_are_named(zoo_network, batch):
    assert [layer.name for layer in zoo_network.layers[-2:]] == [LOGIT_LAYER, PROBABILITY_LAYER]
    logit = logit_view(zoo_network).predict_on_batch(batch)
    np.testing.assert_allclose(zoo_network.predict_on_batch(batch), 1 / (1 + np.exp(-logit)), atol=1e-6)


def test_the_heatmap_layer_has_a_grid(row, zoo_network):
    assert len(zoo_network.get_layer(row.heatmap_layer).output.shape) == 4


def test_the_frozen_layers_exist(row, zoo_network):
    if row.protocol.freeze_before:
        names = [layer.name for layer in zoo_network.layers]
        assert 0 < names.index(row.protocol.freeze_before) < names.index(row.heatmap_layer)
    assert row.protocol.head_epochs <= row.protocol.epochs
    assert bool(row.protocol.head_epochs or row.protocol.freeze_before) <= bool(row.backbone)


def test_a_backbone_shares_its_layer_names(row, zoo_network):
    if row.backbone:
        base = build_backbone(row.backbone, zoo_network.input_shape[1:])
        named = {canonical_layer_name(layer.name) for layer in base.layers if layer.weights}
        assert named == {
            canonical_layer_name(layer.name)
            for layer in zoo_network.layers
            if layer.weights and not is_head_layer(layer.name)
        }
    else:
        assert not hasattr(keras.applications, row.name)


def test_its_starting_weights_can_be_had(row):
    """Keras downloads those of its applications; any other backbone names a package."""
    assert bool(row.weights_package) == bool(row.backbone and not hasattr(keras.applications, row.backbone))


def test_what_is_trained(row, spec, zoo_network, batch):
    """The logit, and beside it the map where the table promises one, at the stride that it promises."""
    outputs = training_view(zoo_network).predict_on_batch(batch)
    logit = logit_view(zoo_network).predict_on_batch(batch)
    assert bool(row.map_stride) == (FRACTURE_MAP_LAYER in {layer.name for layer in zoo_network.layers})
    assert (row.protocol.box_weight > 0) <= bool(row.map_stride)
    if row.map_stride:
        assert outputs.keys() == {LOGIT_LAYER, FRACTURE_MAP_LAYER}
        cells = (spec.height // row.map_stride, spec.width // row.map_stride)
        assert outputs[FRACTURE_MAP_LAYER].shape == (3, *cells, 1)
        outputs = outputs[LOGIT_LAYER]
    np.testing.assert_allclose(outputs, logit, atol=1e-6)


def test_weights_round_trip(row, spec, zoo_network, batch, tmp_path):
    path = tmp_path / "net.weights.h5"
    zoo_network.save_weights(path)
    again = row.build(spec)
    before = again.predict_on_batch(batch)
    again.load_weights(path)
    assert not np.array_equal(before, zoo_network.predict_on_batch(batch))
    np.testing.assert_array_equal(again.predict_on_batch(batch), zoo_network.predict_on_batch(batch))


def test_gradcam_gives_a_map(row, zoo_network, batch):
    grid = zoo_network.get_layer(row.heatmap_layer).output.shape[1:3]
    maps = GradCam(zoo_network, row.heatmap_layer)(batch)
    assert maps.shape == (3, *grid)
    assert maps.dtype == np.float32
    assert (maps >= 0).all()
    assert np.isfinite(maps).all()


def test_it_builds_at_its_own_size(row):
    network = row.build(row.input)
    assert network.input_shape == (None, row.input.height, row.input.width, row.input.channels)
    assert network.count_params() == row.parameters

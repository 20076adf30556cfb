"""Requirements that every architecture of the zoo meets."""

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
def input_batch(spec):
    """Three random model inputs."""
    values = np.random.default_rng(0).uniform(-1, 1, (3, spec.height, spec.width, spec.channels))
    return values.astype(np.float32)


def _outputs(model, batch):
    """Call a model without tracing a graph, which takes seconds for each architecture."""
    return keras.tree.map_structure(np.asarray, model(batch, training=False))


@pytest.fixture(scope="module")
def probability(zoo_network, input_batch):
    """Output of the network."""
    return _outputs(zoo_network, input_batch)


@pytest.fixture(scope="module")
def logit(zoo_network, input_batch):
    """Logit of the network."""
    return _outputs(logit_view(zoo_network), input_batch)


def test_description_is_complete(architecture):
    assert find_architecture(architecture.name) is architecture
    assert architecture.title
    assert architecture.source
    assert architecture.input.scaling in SCALINGS
    assert architecture.at_size(architecture.input.height) == architecture.input


def test_network_is_flat_and_functional(zoo_network):
    assert type(zoo_network) is keras.Model or type(zoo_network).__name__ == "Functional"
    assert not [layer.name for layer in zoo_network.layers if isinstance(layer, keras.Model)]


def test_network_is_not_compiled(zoo_network):
    assert not getattr(zoo_network, "compiled", False)


def test_input_and_output_shapes(zoo_network, spec, probability):
    assert zoo_network.input_shape == (None, spec.height, spec.width, spec.channels)
    assert zoo_network.output_shape == (None, 1)
    assert probability.shape == (3, 1)
    assert (probability > 0).all()
    assert (probability < 1).all()
    assert np.ptp(probability) > 0  # the output depends on the input


def test_last_layers_are_logit_and_probability(zoo_network, probability, logit):
    assert [layer.name for layer in zoo_network.layers[-2:]] == [LOGIT_LAYER, PROBABILITY_LAYER]
    np.testing.assert_allclose(probability, 1 / (1 + np.exp(-logit)), atol=1e-6)


def test_heatmap_layer_has_a_grid(architecture, zoo_network):
    assert len(zoo_network.get_layer(architecture.heatmap_layer).output.shape) == 4


def test_frozen_layers_exist(architecture, zoo_network):
    if architecture.protocol.freeze_before:
        names = [layer.name for layer in zoo_network.layers]
        assert 0 < names.index(architecture.protocol.freeze_before) < names.index(architecture.heatmap_layer)
    assert architecture.protocol.head_epochs <= architecture.protocol.epochs
    assert bool(architecture.protocol.head_epochs or architecture.protocol.freeze_before) <= bool(
        architecture.backbone
    )


def test_backbone_layers_have_the_names_of_the_original(architecture, zoo_network):
    if architecture.backbone:
        base = build_backbone(architecture.backbone, zoo_network.input_shape[1:])
        names = {canonical_layer_name(layer.name) for layer in base.layers if layer.weights}
        assert names == {
            canonical_layer_name(layer.name)
            for layer in zoo_network.layers
            if layer.weights and not is_head_layer(layer.name)
        }
    else:
        assert not hasattr(keras.applications, architecture.name)


def test_starting_weights_are_available(architecture):
    """Keras downloads the weights of its applications; other backbones name a package."""
    assert bool(architecture.weights_package) == bool(
        architecture.backbone and not hasattr(keras.applications, architecture.backbone)
    )


def test_training_view_has_logit_and_map(architecture, spec, zoo_network, input_batch, logit):
    """The map exists and has the declared stride if and only if the architecture declares one."""
    outputs = _outputs(training_view(zoo_network), input_batch)
    assert bool(architecture.map_stride) == (
        FRACTURE_MAP_LAYER in {layer.name for layer in zoo_network.layers}
    )
    assert (architecture.protocol.box_weight > 0) <= bool(architecture.map_stride)
    if architecture.map_stride:
        assert outputs.keys() == {LOGIT_LAYER, FRACTURE_MAP_LAYER}
        cells = (spec.height // architecture.map_stride, spec.width // architecture.map_stride)
        assert outputs[FRACTURE_MAP_LAYER].shape == (3, *cells, 1)
        outputs = outputs[LOGIT_LAYER]
    np.testing.assert_allclose(outputs, logit, atol=1e-6)


def test_weights_survive_saving_and_loading(
    architecture, spec, zoo_network, input_batch, probability, tmp_path
):
    path = tmp_path / "net.weights.h5"
    zoo_network.save_weights(path)
    reloaded = architecture.build(spec)
    first = reloaded.get_weights()
    reloaded.load_weights(path)
    assert any(not np.array_equal(*pair) for pair in zip(first, reloaded.get_weights(), strict=True))
    np.testing.assert_array_equal(_outputs(reloaded, input_batch), probability)


def test_gradcam_gives_a_finite_nonnegative_map(architecture, zoo_network, input_batch):
    grid = zoo_network.get_layer(architecture.heatmap_layer).output.shape[1:3]
    maps = GradCam(zoo_network, architecture.heatmap_layer)(input_batch)
    assert maps.shape == (3, *grid)
    assert maps.dtype == np.float32
    assert (maps >= 0).all()
    assert np.isfinite(maps).all()


def test_default_size_and_parameter_count(architecture):
    zoo_network = architecture.build(architecture.input)
    assert zoo_network.input_shape == (
        None,
        architecture.input.height,
        architecture.input.width,
        architecture.input.channels,
    )
    assert zoo_network.count_params() == architecture.parameters

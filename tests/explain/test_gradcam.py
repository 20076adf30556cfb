"""Grad-CAM: definition, units and absence of side effects."""

import keras
import numpy as np
import pytest

from fracture_core.explain.gradcam import GradCam
from fracture_core.zoo import find_architecture, head

ARCHITECTURE = find_architecture("four_block")
SPEC = ARCHITECTURE.at_size(64)


@pytest.fixture(scope="module")
def image_batch():
    """Two random model inputs, float32 (2, 64, 64, 1)."""
    return np.random.default_rng(1).uniform(0, 1, (2, 64, 64, 1)).astype(np.float32)


def test_heatmap_shape_and_range(untrained_network, image_batch):
    maps = GradCam(untrained_network, ARCHITECTURE.heatmap_layer)(image_batch)
    assert maps.shape == (2, 8, 8)
    assert maps.dtype == np.float32
    assert maps.min() >= 0
    assert maps.max() > 0
    assert not np.array_equal(maps[0], maps[1])


def test_heatmap_does_not_depend_on_other_images_of_the_batch(untrained_network, image_batch):
    cam = GradCam(untrained_network, ARCHITECTURE.heatmap_layer)
    batch_maps = cam(image_batch)
    for one, image in zip(batch_maps, image_batch, strict=True):
        np.testing.assert_allclose(cam(image[None])[0], one, atol=1e-6)


def test_heatmap_matches_the_definition(untrained_network, image_batch):
    """The positive part of the feature maps, weighted by the mean gradient of the logit."""
    import tensorflow as tf

    view = keras.Model(
        untrained_network.inputs,
        [
            untrained_network.get_layer(ARCHITECTURE.heatmap_layer).output,
            untrained_network.get_layer("logit").output,
        ],
    )
    with tf.GradientTape() as tape:
        features, logit = view(image_batch, training=False)
        tape.watch(features)
        # The head is applied layer by layer, to get the gradient with respect to an inner tensor.
        x = features
        for layer in untrained_network.layers[
            untrained_network.layers.index(untrained_network.get_layer(ARCHITECTURE.heatmap_layer)) + 1 : -1
        ]:
            x = layer(x, training=False)
        total = tf.reduce_sum(x)
    np.testing.assert_allclose(x, logit, atol=1e-5)
    weights = tape.gradient(total, features).numpy().mean(axis=(1, 2), keepdims=True)
    expected = np.maximum((features.numpy() * weights).sum(-1), 0)
    np.testing.assert_allclose(
        GradCam(untrained_network, ARCHITECTURE.heatmap_layer)(image_batch), expected, rtol=1e-4, atol=1e-6
    )


def test_other_weights_give_another_heatmap(untrained_network, image_batch):
    before = GradCam(untrained_network, ARCHITECTURE.heatmap_layer)(image_batch)
    conv = untrained_network.get_layer("block4_conv")
    kernel, bias = conv.get_weights()
    conv.set_weights([np.random.default_rng(9).normal(0, kernel.std(), kernel.shape), bias])
    after = GradCam(untrained_network, ARCHITECTURE.heatmap_layer)(image_batch)
    assert np.abs(before - after).max() > 0.1 * before.max()


def test_doubled_weights_double_the_evidence(untrained_network, image_batch):
    """Heatmaps are not scaled per image."""
    before = GradCam(untrained_network, ARCHITECTURE.heatmap_layer)(image_batch)
    head = untrained_network.get_layer("logit")
    head.set_weights([2 * weight for weight in head.get_weights()])
    np.testing.assert_allclose(
        GradCam(untrained_network, ARCHITECTURE.heatmap_layer)(image_batch), 2 * before, rtol=1e-4, atol=1e-7
    )


def test_zero_weights_give_no_evidence(untrained_network, image_batch):
    head = untrained_network.get_layer("logit")
    kernel, bias = head.get_weights()
    head.set_weights([np.zeros_like(kernel), bias + 5])
    assert not GradCam(untrained_network, ARCHITECTURE.heatmap_layer)(image_batch).any()


def test_evidence_against_a_fracture_gives_a_blank_map(image_batch):
    """With negative weights behind a global pool, positive features are evidence against a fracture."""
    image = keras.Input((64, 64, 1))
    features = keras.layers.Conv2D(8, 3, strides=8, activation="sigmoid", name="features")(image)
    model = keras.Model(image, head.add_probability_head(keras.layers.GlobalAveragePooling2D()(features)))
    logit_layer = model.get_layer("logit")
    kernel, bias = logit_layer.get_weights()
    logit_layer.set_weights([-np.abs(kernel) - 0.1, bias])
    assert not GradCam(model, "features")(image_batch).any()
    logit_layer.set_weights([np.abs(kernel) + 0.1, bias])
    maps = GradCam(model, "features")(image_batch)
    assert (maps > 0).all()
    # With a global average pool, the cells add up to the logit.
    logit = keras.Model(model.inputs, logit_layer.output).predict_on_batch(image_batch)[:, 0]
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), logit - bias, rtol=1e-3)


def test_model_is_not_changed(untrained_network, image_batch):
    before = untrained_network.predict_on_batch(image_batch)
    weights = [weight.copy() for weight in untrained_network.get_weights()]
    activations = [getattr(layer, "activation", None) for layer in untrained_network.layers]
    cam = GradCam(untrained_network, ARCHITECTURE.heatmap_layer)
    cam(image_batch)
    np.testing.assert_array_equal(untrained_network.predict_on_batch(image_batch), before)
    assert [getattr(layer, "activation", None) for layer in untrained_network.layers] == activations
    for one, other in zip(weights, untrained_network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)

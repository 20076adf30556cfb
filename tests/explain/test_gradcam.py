"""Grad-CAM: definition, units and absence of side effects."""

import keras
import numpy as np
import pytest

from fracture_core.explain.gradcam import GradCam
from fracture_core.zoo import find_architecture, head

ARCHITECTURE = find_architecture("four_block")
SPEC = ARCHITECTURE.at_size(64)


@pytest.fixture
def model():
    keras.utils.set_random_seed(4)
    return ARCHITECTURE.build(SPEC)


@pytest.fixture(scope="module")
def batch():
    return np.random.default_rng(1).uniform(0, 1, (2, 64, 64, 1)).astype(np.float32)


def test_heatmap_shape_and_range(model, batch):
    maps = GradCam(model, ARCHITECTURE.heatmap_layer)(batch)
    assert maps.shape == (2, 8, 8)
    assert maps.dtype == np.float32
    assert maps.min() >= 0
    assert maps.max() > 0
    assert not np.array_equal(maps[0], maps[1])


def test_heatmap_does_not_depend_on_other_images_of_the_batch(model, batch):
    cam = GradCam(model, ARCHITECTURE.heatmap_layer)
    together = cam(batch)
    for one, image in zip(together, batch, strict=True):
        np.testing.assert_allclose(cam(image[None])[0], one, atol=1e-6)


def test_heatmap_matches_the_definition(model, batch):
    """The positive part of the feature maps, weighted by the mean gradient of the logit."""
    import tensorflow as tf

    view = keras.Model(
        model.inputs, [model.get_layer(ARCHITECTURE.heatmap_layer).output, model.get_layer("logit").output]
    )
    with tf.GradientTape() as tape:
        features, logit = view(batch, training=False)
        tape.watch(features)
        # The head is applied layer by layer, to get the gradient with respect to an inner tensor.
        x = features
        for layer in model.layers[model.layers.index(model.get_layer(ARCHITECTURE.heatmap_layer)) + 1 : -1]:
            x = layer(x, training=False)
        total = tf.reduce_sum(x)
    np.testing.assert_allclose(x, logit, atol=1e-5)
    weights = tape.gradient(total, features).numpy().mean(axis=(1, 2), keepdims=True)
    expected = np.maximum((features.numpy() * weights).sum(-1), 0)
    np.testing.assert_allclose(
        GradCam(model, ARCHITECTURE.heatmap_layer)(batch), expected, rtol=1e-4, atol=1e-6
    )


def test_other_weights_give_another_heatmap(model, batch):
    before = GradCam(model, ARCHITECTURE.heatmap_layer)(batch)
    conv = model.get_layer("block4_conv")
    kernel, bias = conv.get_weights()
    conv.set_weights([np.random.default_rng(9).normal(0, kernel.std(), kernel.shape), bias])
    after = GradCam(model, ARCHITECTURE.heatmap_layer)(batch)
    assert np.abs(before - after).max() > 0.1 * before.max()


def test_doubled_weights_double_the_evidence(model, batch):
    """Heatmaps are not scaled per image."""
    before = GradCam(model, ARCHITECTURE.heatmap_layer)(batch)
    head = model.get_layer("logit")
    head.set_weights([2 * weight for weight in head.get_weights()])
    np.testing.assert_allclose(
        GradCam(model, ARCHITECTURE.heatmap_layer)(batch), 2 * before, rtol=1e-4, atol=1e-7
    )


def test_zero_weights_give_no_evidence(model, batch):
    head = model.get_layer("logit")
    kernel, bias = head.get_weights()
    head.set_weights([np.zeros_like(kernel), bias + 5])
    assert not GradCam(model, ARCHITECTURE.heatmap_layer)(batch).any()


def test_evidence_against_a_fracture_gives_a_blank_map(batch):
    """With negative weights behind a global pool, positive features are evidence against a fracture."""
    image = keras.Input((64, 64, 1))
    features = keras.layers.Conv2D(8, 3, strides=8, activation="sigmoid", name="features")(image)
    model = keras.Model(image, head.add_probability_head(keras.layers.GlobalAveragePooling2D()(features)))
    logit_layer = model.get_layer("logit")
    kernel, bias = logit_layer.get_weights()
    logit_layer.set_weights([-np.abs(kernel) - 0.1, bias])
    assert not GradCam(model, "features")(batch).any()
    logit_layer.set_weights([np.abs(kernel) + 0.1, bias])
    maps = GradCam(model, "features")(batch)
    assert (maps > 0).all()
    # With a global average pool, the cells add up to the logit.
    logit = keras.Model(model.inputs, logit_layer.output).predict_on_batch(batch)[:, 0]
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), logit - bias, rtol=1e-3)


def test_model_is_not_changed(model, batch):
    before = model.predict_on_batch(batch)
    weights = [weight.copy() for weight in model.get_weights()]
    activations = [getattr(layer, "activation", None) for layer in model.layers]
    cam = GradCam(model, ARCHITECTURE.heatmap_layer)
    cam(batch)
    np.testing.assert_array_equal(model.predict_on_batch(batch), before)
    assert [getattr(layer, "activation", None) for layer in model.layers] == activations
    for one, other in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)

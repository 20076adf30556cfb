"""Grad-CAM: evidence for a fracture, in units, and nothing changed by looking."""

import keras
import numpy as np
import pytest

from fracture_core.explain.gradcam import GradCam
from fracture_core.zoo import find_architecture

ROW = find_architecture("four_block")
SPEC = ROW.at_size(64)


@pytest.fixture
def model():
    keras.utils.set_random_seed(4)
    return ROW.build(SPEC)


@pytest.fixture(scope="module")
def batch():
    return np.random.default_rng(1).uniform(0, 1, (2, 64, 64, 1)).astype(np.float32)


def test_a_map_of_evidence(model, batch):
    maps = GradCam(model, ROW.heatmap_layer)(batch)
    assert maps.shape == (2, 8, 8)
    assert maps.dtype == np.float32
    assert maps.min() >= 0
    assert maps.max() > 0
    assert not np.array_equal(maps[0], maps[1])


def test_films_do_not_depend_on_their_neighbours(model, batch):
    cam = GradCam(model, ROW.heatmap_layer)
    together = cam(batch)
    for one, film in zip(together, batch, strict=True):
        np.testing.assert_allclose(cam(film[None])[0], one, atol=1e-6)


def test_it_is_grad_cam(model, batch):
    """The mean gradient of the logit weighs the feature maps; what is left above zero is the map."""
    import tensorflow as tf

    view = keras.Model(
        model.inputs, [model.get_layer(ROW.heatmap_layer).output, model.get_layer("logit").output]
    )
    with tf.GradientTape() as tape:
        features, logit = view(batch, training=False)
        tape.watch(features)
        # From the features on, by hand: the gradient with respect to a tensor inside the network.
        x = features
        for layer in model.layers[model.layers.index(model.get_layer(ROW.heatmap_layer)) + 1 : -1]:
            x = layer(x, training=False)
        total = tf.reduce_sum(x)
    np.testing.assert_allclose(x, logit, atol=1e-5)
    weights = tape.gradient(total, features).numpy().mean(axis=(1, 2), keepdims=True)
    expected = np.maximum((features.numpy() * weights).sum(-1), 0)
    np.testing.assert_allclose(GradCam(model, ROW.heatmap_layer)(batch), expected, rtol=1e-4, atol=1e-6)


def test_other_weights_give_another_map(model, batch):
    before = GradCam(model, ROW.heatmap_layer)(batch)
    conv = model.get_layer("block4_conv")
    kernel, bias = conv.get_weights()
    conv.set_weights([np.random.default_rng(9).normal(0, kernel.std(), kernel.shape), bias])
    after = GradCam(model, ROW.heatmap_layer)(batch)
    assert np.abs(before - after).max() > 0.1 * before.max()


def test_evidence_keeps_its_units(model, batch):
    """Twice the logit is twice the evidence: maps are not scaled film by film."""
    before = GradCam(model, ROW.heatmap_layer)(batch)
    head = model.get_layer("logit")
    head.set_weights([2 * weight for weight in head.get_weights()])
    np.testing.assert_allclose(GradCam(model, ROW.heatmap_layer)(batch), 2 * before, rtol=1e-4, atol=1e-7)


def test_no_weight_no_evidence(model, batch):
    head = model.get_layer("logit")
    kernel, bias = head.get_weights()
    head.set_weights([np.zeros_like(kernel), bias + 5])
    assert not GradCam(model, ROW.heatmap_layer)(batch).any()


def test_only_evidence_against_gives_a_blank_map(batch):
    """Behind a global pool with a head that only subtracts, positive features speak against a fracture."""
    row = find_architecture("mobilenet_v2")
    model = row.build(row.at_size(64))
    head = model.get_layer("logit")
    kernel, bias = head.get_weights()
    films = np.repeat(batch * 2 - 1, 3, axis=-1)
    # Without training, statistics let next to nothing through; a bias in front of the layer does.
    norm = model.get_layer("Conv_1_bn")
    gamma, beta, mean, variance = norm.get_weights()
    norm.set_weights([gamma, beta + 1, mean, variance])
    head.set_weights([-np.abs(kernel) - 0.1, bias])
    assert not GradCam(model, row.heatmap_layer)(films).any()
    head.set_weights([np.abs(kernel) + 0.1, bias])
    maps = GradCam(model, row.heatmap_layer)(films)
    assert (maps > 0).all()
    # Behind a global average pool, cells add up to the logit.
    logit = keras.Model(model.inputs, head.output).predict_on_batch(films)[:, 0]
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), logit - bias, rtol=1e-3)


def test_the_model_is_left_as_it_was(model, batch):
    before = model.predict_on_batch(batch)
    weights = [weight.copy() for weight in model.get_weights()]
    activations = [getattr(layer, "activation", None) for layer in model.layers]
    cam = GradCam(model, ROW.heatmap_layer)
    cam(batch)
    np.testing.assert_array_equal(model.predict_on_batch(batch), before)
    assert [getattr(layer, "activation", None) for layer in model.layers] == activations
    for one, other in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)

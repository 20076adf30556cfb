"""Batch normalisation of MobileNetV2."""

import keras

from fracture_core.zoo import find_architecture


def test_batch_norms_use_a_short_running_average():
    architecture = find_architecture("mobilenet_v2")
    norms = [
        layer
        for layer in architecture.build(architecture.at_size(64)).layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    assert len(norms) == 52
    assert {layer.momentum for layer in norms} == {0.9}

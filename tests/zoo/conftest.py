"""Fixtures for every architecture of the zoo."""

import keras
import numpy as np
import pytest

from fracture_core.zoo import ARCHITECTURES


@pytest.fixture(scope="session", params=list(ARCHITECTURES))
def architecture(request):
    """Every architecture of the zoo."""
    return ARCHITECTURES[request.param]


@pytest.fixture(scope="session")
def spec(architecture):
    """The input of `architecture` at 64 px."""
    return architecture.at_size(64)


@pytest.fixture(scope="session")
def zoo_network(architecture, spec):
    """Untrained network at 64 px whose batch statistics fit random inputs, so that activations do not vanish."""
    keras.utils.set_random_seed(1)
    model = architecture.build(spec)
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momentum = [layer.momentum for layer in norms]
    for layer in norms:
        layer.momentum = 0.0
    shape = (16, spec.height, spec.width, spec.channels)
    model(np.random.default_rng(2).uniform(-1, 1, shape).astype(np.float32), training=True)
    for layer, before in zip(norms, momentum, strict=True):
        layer.momentum = before
    return model

import keras
import numpy as np
import pytest

from fracture_core.zoo import ARCHITECTURES


@pytest.fixture(scope="session", params=list(ARCHITECTURES))
def row(request):
    """Every row of the zoo in turn."""
    return ARCHITECTURES[request.param]


@pytest.fixture(scope="session")
def spec(row):
    return row.at_size(64)


@pytest.fixture(scope="session")
def zoo_network(row, spec):
    """A network of the row at 64 px, untrained but with statistics that let signals through."""
    keras.utils.set_random_seed(1)
    model = row.build(spec)
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momentum = [layer.momentum for layer in norms]
    for layer in norms:
        layer.momentum = 0.0
    shape = (16, spec.height, spec.width, spec.channels)
    model(np.random.default_rng(2).uniform(-1, 1, shape).astype(np.float32), training=True)
    for layer, before in zip(norms, momentum, strict=True):
        layer.momentum = before
    return model

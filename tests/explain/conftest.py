"""Fixtures for tests of heatmaps."""

import keras
import pytest

from fracture_core.zoo import find_architecture


@pytest.fixture
def untrained_network():
    """The four-block CNN at 64 px with random weights."""
    keras.utils.set_random_seed(4)
    architecture = find_architecture("four_block")
    return architecture.build(architecture.at_size(64))

"""Pooled network features, the input of the auxiliary heads."""

import keras

from fracture_core.zoo.architecture import Architecture


def pooled_features(model: keras.Model, architecture: Architecture) -> list[keras.KerasTensor]:
    """Build the global average of each feature layer of a network.

    Args:
        model: a network of the zoo.
        architecture: its architecture.

    Returns:
        Two symbolic tensors (batch, channels): the middle layer and the deepest layer. Empty for an architecture
        without feature layers.
    """
    pool = keras.layers.GlobalAveragePooling2D()
    return [pool(model.get_layer(name).output) for name in architecture.feature_layers]

"""The features of a network that second heads read."""

import keras

from fracture_core.zoo.architecture import Architecture


def pooled_features(model: keras.Model, row: Architecture) -> list[keras.KerasTensor]:
    """Global averages of a network's features.

    Args:
        model: a network of the zoo.
        row: its architecture.

    Returns:
        Two tensors (batch, channels), of the middle and of the deepest layer; empty for an architecture without
        feature layers.
    """
    pool = keras.layers.GlobalAveragePooling2D()
    return [pool(model.get_layer(name).output) for name in row.feature_layers]

"""Weights from a file into a network of the zoo. Weights are numbers; nothing in a file is ever run."""

from pathlib import Path

import h5py
import keras

from fracture_core.errors import ModelError
from fracture_core.imaging import InputSpec
from fracture_core.zoo import find_architecture

#: The one form in which weights are kept.
WEIGHTS_SUFFIX = ".weights.h5"


def load_weights(path: Path, name: str, spec: InputSpec) -> keras.Model:
    """Builds an architecture and fills it from a weight file.

    Args:
        path: a `.weights.h5` file as Keras 3 writes it.
        name: the architecture.
        spec: its input.

    Returns:
        The network.

    Raises:
        ModelError: the architecture is unknown, the file is missing or no such file, or its shapes
            are those of another network.
    """
    row = find_architecture(name)
    if not path.is_file():
        raise ModelError(f"Expected weights at {path}, but there is no such file: add the model again.")
    if not h5py.is_hdf5(path):
        raise ModelError(
            f"Expected weights saved by Keras as {WEIGHTS_SUFFIX}, but {path.name} is no HDF5 file: save them with "
            "model.save_weights(“name.weights.h5”)."
        )
    model = row.build(spec)
    fill_weights(model, path, row.title, spec)
    return model


def fill_weights(model: keras.Model, path: Path, title: str, spec: InputSpec) -> None:
    """Fills a network from a weight file.

    Args:
        model: the network.
        path: a `.weights.h5` file as Keras 3 writes it.
        title: of its architecture.
        spec: its input.

    Raises:
        ModelError: the file is damaged, or its shapes are those of another network.
    """
    try:
        model.load_weights(path)
    except (ValueError, KeyError, OSError) as error:
        raise ModelError(
            f"Expected the weights of {title} at {spec.width}×{spec.height} px, but {path.name} does not fit it: "
            "choose the architecture and size it was trained with."
        ) from error

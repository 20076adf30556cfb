"""Loads weight files into networks of the zoo. No code from a file is executed."""

from pathlib import Path

import h5py
import keras

from fracture_core.errors import ModelError
from fracture_core.imaging import InputSpec
from fracture_core.zoo import find_architecture

#: Suffix of the weight files of Keras 3, the only supported format.
WEIGHTS_SUFFIX = ".weights.h5"


def load_weights(path: Path, name: str, spec: InputSpec) -> keras.Model:
    """Build an architecture and load its weights.

    Args:
        path: A `.weights.h5` file of Keras 3.
        name: Name of the architecture.
        spec: Its input.

    Returns:
        The network.

    Raises:
        ModelError: The architecture is unknown, the file is missing or not a weight file, or it belongs to another
            network.
    """
    architecture = find_architecture(name)
    if not path.is_file():
        raise ModelError(f"Weight file not found: {path}. Add the model again.")
    if not h5py.is_hdf5(path):
        raise ModelError(
            f"{path.name} is not an HDF5 file: save the weights with Keras, by model.save_weights("
            "“name.weights.h5”)."
        )
    model = architecture.build(spec)
    fill_weights(model, path, architecture.title, spec)
    return model


def fill_weights(model: keras.Model, path: Path, title: str, spec: InputSpec) -> None:
    """Load weights into a network.

    Args:
        model: The network, changed in place.
        path: A `.weights.h5` file of Keras 3.
        title: Title of its architecture, for the error message.
        spec: Its input, for the error message.

    Raises:
        ModelError: The file is damaged or belongs to another network.
    """
    try:
        model.load_weights(path)
    except (ValueError, KeyError, OSError) as error:
        raise ModelError(
            f"Expected the weights of {title} at {spec.width}×{spec.height} px, but {path.name} does not fit it: "
            "choose the architecture and size it was trained with."
        ) from error

"""Kernels kept in half precision (IEEE 754 binary16), so that a finished model takes half the space.

Biases and batch statistics stay in single precision, and so does all arithmetic.
"""

from pathlib import Path

import h5py
import keras
import numpy as np


def round_kernels(model: keras.Model) -> None:
    """Rounds a network's kernels to numbers that half precision can hold.

    To be done before the network is judged, so that its record is that of the file.

    Args:
        model: the network, changed in place; kernels with a number beyond half precision stay as they are.
    """
    for weight in model.weights:
        if len(weight.shape) < 2:
            continue
        whole = keras.ops.convert_to_numpy(weight)
        half = _fits_half(whole)
        if np.isfinite(half).all():
            weight.assign(half.astype(whole.dtype))


def save_weights(model: keras.Model, path: Path) -> None:
    """Writes a network's weights, in half precision what it holds without loss; Keras reads the file as any other.

    Args:
        model: the network.
        path: a `.weights.h5` file to be.

    Raises:
        OSError: the file cannot be written.
    """
    whole = path.with_name(f"whole-{path.name}")
    model.save_weights(whole)
    try:
        with h5py.File(whole, "r") as source, h5py.File(path, "w") as target:
            _copy_arrays(source, target)
    finally:
        whole.unlink()


def _copy_arrays(source: h5py.Group, target: h5py.Group) -> None:
    target.attrs.update(source.attrs)
    for name, item in source.items():
        if isinstance(item, h5py.Group):
            _copy_arrays(item, target.create_group(name))
            continue
        values = item[()]
        half = _fits_half(values)
        lossless = item.ndim > 1 and np.array_equal(half.astype(values.dtype), values)
        target.create_dataset(name, data=half if lossless else values).attrs.update(item.attrs)


def _fits_half(values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return np.asarray(values).astype(np.float16)

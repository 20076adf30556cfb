"""Stores kernels in half precision (IEEE 754 binary16), which halves the size of a weight file.

Biases and batch statistics stay in single precision. Computations also use single precision.
"""

from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
from numpy.typing import NDArray


def round_kernels(model: keras.Model) -> None:
    """Round the kernels of a network to half precision.

    Call this before the evaluation, so that the results are those of the stored weights.

    Args:
        model: The network, changed in place. Kernels with a value outside the range of half precision are not changed.
    """
    for weight in model.weights:
        if len(weight.shape) < 2:
            continue
        values = keras.ops.convert_to_numpy(weight)
        half = _to_half(values)
        if np.isfinite(half).all():
            weight.assign(half.astype(values.dtype))


def save_weights(model: keras.Model, path: Path) -> None:
    """Write the weights of a network; kernels that half precision represents exactly are stored in half precision.

    Keras can load the file like any other weight file.

    Args:
        model: The network.
        path: The `.weights.h5` file to write.

    Raises:
        OSError: The file cannot be written.
    """
    single = path.with_name(f"single-{path.name}")
    model.save_weights(single)
    try:
        with h5py.File(single, "r") as source, h5py.File(path, "w") as target:
            _copy_arrays(source, target)
    finally:
        single.unlink()


def _copy_arrays(source: h5py.Group, target: h5py.Group) -> None:
    target.attrs.update(source.attrs)
    for name, item in source.items():
        if isinstance(item, h5py.Group):
            _copy_arrays(item, target.create_group(name))
            continue
        values = item[()]
        half = _to_half(values)
        lossless = item.ndim > 1 and np.array_equal(half.astype(values.dtype), values)
        target.create_dataset(name, data=half if lossless else values).attrs.update(item.attrs)


def _to_half(values: NDArray[Any]) -> NDArray[np.float16]:
    with np.errstate(over="ignore"):
        return np.asarray(values).astype(np.float16)

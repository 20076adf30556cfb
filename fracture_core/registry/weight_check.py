"""Checks an untrusted weight file against a network in a separate process."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import keras

from fracture_core.errors import ModelError

_WORKER = "fracture_core.registry._weights_worker"
_ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 120


def check_weights(path: Path, model: keras.Model, expected: str) -> None:
    """Compare names, shapes and number types with those of a network, then read all values once.

    A separate process reads the file, because a damaged file can crash the HDF5 library.

    Args:
        path: An HDF5 file.
        model: The network that the weights should fit.
        expected: Description of the network for the error message.

    Raises:
        ModelError: An array is missing, unexpected, of another shape or type, not finite, or stored outside the file;
            or the file is damaged, or reading it crashed the process.
    """
    problem = _weight_problem(path, _expected_arrays(model))
    if problem:
        raise ModelError(
            f"Expected the weights of {expected}, but {path.name} does not fit it: {problem}; choose the architecture "
            "and size it was trained with, or save its weights again."
        )


def _expected_arrays(model: keras.Model) -> dict[str, tuple[list[int], str]]:
    """Shape and number type of each array, by its name in a file written by Keras."""
    arrays = {}

    def add(name: str, item: h5py.HLObject) -> None:
        if isinstance(item, h5py.Dataset):
            arrays[name] = (list(item.shape), item.dtype.kind)

    with tempfile.TemporaryDirectory(prefix="second-look-") as folder:
        own = Path(folder) / "own.weights.h5"
        model.save_weights(own)
        with h5py.File(own, "r") as file:
            file.visititems(add)
    return arrays


def _weight_problem(path: Path, expected: dict[str, tuple[list[int], str]]) -> str:
    """The problem that the worker process reports; "" if there is none."""
    paths = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    try:
        done = subprocess.run(
            [sys.executable, "-m", _WORKER, str(path)],
            input=json.dumps(expected),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            env={**os.environ, "PYTHONPATH": paths},
        )
    except subprocess.TimeoutExpired:
        return f"reading it took longer than {_SECONDS} seconds"
    if done.returncode:
        return "reading it crashed the process"
    return done.stdout.strip()

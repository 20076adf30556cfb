"""Whether a stranger's weight file fits a network, found out without trusting the file."""

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
    """Compares names, shapes and kinds of numbers with those of a network, then reads every number once.

    Another process does it: what ends that process never reaches the network.

    Args:
        path: an HDF5 file.
        model: the network it should fit.
        expected: that network in words.

    Raises:
        ModelError: an array is missing, superfluous, of another shape or kind, not finite or leads out of the file;
            the file is damaged, or ended the process that read it.
    """
    fault = _weight_problem(path, _expected_arrays(model))
    if fault:
        raise ModelError(
            f"Expected the weights of {expected}, but {path.name} does not fit it: {fault}; choose the architecture "
            "and size it was trained with, or save its weights again."
        )


def _expected_arrays(model: keras.Model) -> dict[str, tuple[list[int], str]]:
    """Shape and kind of each array, by the name that Keras itself gives it in a file."""
    found = {}

    def note(name: str, item: h5py.HLObject) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = (list(item.shape), item.dtype.kind)

    with tempfile.TemporaryDirectory(prefix="second-look-") as folder:
        own = Path(folder) / "own.weights.h5"
        model.save_weights(own)
        with h5py.File(own, "r") as file:
            file.visititems(note)
    return found


def _weight_problem(path: Path, wanted: dict[str, tuple[list[int], str]]) -> str:
    """What the other process says is wrong; empty where nothing is."""
    paths = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    try:
        done = subprocess.run(
            [sys.executable, "-m", _WORKER, str(path)],
            input=json.dumps(wanted),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            env={**os.environ, "PYTHONPATH": paths},
        )
    except subprocess.TimeoutExpired:
        return f"reading it took longer than {_SECONDS} seconds"
    if done.returncode:
        return "reading it ended the process that tried"
    return done.stdout.strip()

"""Checkpoints that let an interrupted training continue with identical results."""

import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from fracture_core.io import disk_space
from fracture_core.io.json_record import parse_json

LATEST_WEIGHTS, BEST_WEIGHTS = "latest.weights.h5", "best.weights.h5"
_STATE = "memory.json"

# Bytes in addition to the weights: names and shapes in two files, and the state file.
_OVERHEAD = 2_000_000

# Attributes of the Keras callbacks that hold their state between epochs.
_EARLY_STOPPING_STATE = ("best", "wait", "best_epoch")
_PLATEAU_STATE = ("best", "wait", "cooldown_counter")


def latest_checkpoint(folder: Path) -> tuple[Path, int] | None:
    """Find the newest complete checkpoint.

    Args:
        folder: Folder of the checkpoints.

    Returns:
        The checkpoint and its number of completed epochs; None if there is none with all its files.
    """
    complete = sorted(
        path
        for path in folder.glob("epoch-*")
        if all((path / name).is_file() for name in (LATEST_WEIGHTS, BEST_WEIGHTS, _STATE))
    )
    return (complete[-1], int(complete[-1].name.removeprefix("epoch-"))) if complete else None


def restore_checkpoint(model: keras.Model, checkpoint: Path) -> None:
    """Restore the weights of the latest epoch, and for a compiled model the state of its optimizer.

    Args:
        model: Model to restore, changed in place.
        checkpoint: Folder of the checkpoint.
    """
    if getattr(model, "optimizer", None) is not None:
        model.optimizer.build(model.trainable_variables)
    model.load_weights(checkpoint / LATEST_WEIGHTS)
    state = parse_json((checkpoint / _STATE).read_text(encoding="utf-8"))
    for name, generator in _seed_generators(model).items():
        generator.state.assign(state["random"][name])


def is_patience_spent(checkpoint: Path, patience: int) -> bool:
    """Check whether early stopping ends the training after this epoch.

    Args:
        checkpoint: Folder of the checkpoint.
        patience: Patience of early stopping, in epochs.

    Returns:
        Whether the patience is used up.
    """
    state = parse_json((checkpoint / _STATE).read_text(encoding="utf-8"))
    return int(state.get("early", {}).get("wait", 0)) >= patience


class Checkpoint(keras.callbacks.Callback):
    """Keras callback that saves a checkpoint after every epoch.

    It must come after the two callbacks whose state it saves: they reset their state when `fit` starts, and this
    callback then restores it. A checkpoint is a folder that is renamed when it is complete, so that a killed process
    leaves the previous one intact.

    Args:
        folder: Folder of the checkpoints.
        early: Early stopping whose state is saved; None if there is none.
        plateau: Learning-rate schedule whose state is saved; None if there is none.
        resumed: Checkpoint that `fit` continues from; None for a new training.
    """

    def __init__(
        self,
        folder: Path,
        early: keras.callbacks.EarlyStopping | None = None,
        plateau: keras.callbacks.ReduceLROnPlateau | None = None,
        resumed: Path | None = None,
    ):
        super().__init__()
        self._folder = folder
        self._early = early
        self._plateau = plateau
        self._resumed = resumed

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Restore the state of the callbacks."""
        if self._resumed is None or self._early is None:
            return
        state = parse_json((self._resumed / _STATE).read_text(encoding="utf-8"))
        vars(self._early).update(state["early"])
        if self._plateau is not None:
            vars(self._plateau).update(state["plateau"])

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Save the epoch and delete the previous checkpoint, unless the loss is NaN or infinite."""
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            return
        previous = latest_checkpoint(self._folder)
        partial = self._folder / "partial"
        shutil.rmtree(partial, ignore_errors=True)
        # Without parents: a run that is deleted during training must not be recreated.
        self._folder.mkdir(exist_ok=True)
        partial.mkdir()
        # HDF5 may abort the process on a full disk, so the space is allocated first.
        disk_space.preallocate(partial / LATEST_WEIGHTS, 2 * _size_in_bytes(self.model) + _OVERHEAD)
        self.model.save_weights(partial / LATEST_WEIGHTS)
        # Weight files do not contain the state of random generators.
        random = {
            name: keras.ops.convert_to_numpy(generator.state).tolist()
            for name, generator in _seed_generators(self.model).items()
        }
        state: dict[str, dict[str, Any]] = {"random": random}
        best = partial / LATEST_WEIGHTS
        if self._plateau is not None:
            state["plateau"] = {name: _json_number(getattr(self._plateau, name)) for name in _PLATEAU_STATE}
        if self._early is not None:
            state["early"] = {
                name: _json_number(getattr(self._early, name)) for name in _EARLY_STOPPING_STATE
            }
            if self._early.best_epoch != epoch and previous is not None:
                best = previous[0] / BEST_WEIGHTS
        shutil.copyfile(best, partial / BEST_WEIGHTS)
        (partial / _STATE).write_text(json.dumps(state), encoding="utf-8")
        target = self._folder / f"epoch-{epoch + 1:04d}"
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
        for older in sorted(self._folder.glob("epoch-*"))[:-1]:
            shutil.rmtree(older)


def _size_in_bytes(model: keras.Model) -> int:
    """Return the size of the weights and of the optimizer's state."""
    variables = [*model.variables, *(model.optimizer.variables if model.optimizer else ())]
    return sum(int(keras.ops.size(value)) * keras.ops.convert_to_numpy(value).itemsize for value in variables)


def _seed_generators(model: keras.Model) -> dict[str, keras.random.SeedGenerator]:
    """Return the random generators of the layers by layer name."""
    generators = {layer.name: getattr(layer, "seed_generator", None) for layer in model.layers}
    return {name: generator for name, generator in generators.items() if generator is not None}


def _json_number(value: float | np.number) -> int | float:
    """Convert a NumPy scalar, which JSON does not support."""
    return int(value) if isinstance(value, int) else float(value)

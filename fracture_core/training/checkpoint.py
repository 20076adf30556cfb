"""The state after an epoch, complete enough to continue as if nothing had happened."""

import json
import math
import shutil
from pathlib import Path

import keras

from fracture_core.io import disk_space

LATEST_WEIGHTS, BEST_WEIGHTS = "latest.weights.h5", "best.weights.h5"
_MEMORY = "memory.json"

# Bytes beside the numbers: names and shapes in two files, and the memory.
_MARGIN = 2_000_000

# What the two Keras callbacks remember between epochs, by attribute.
_EARLY = ("best", "wait", "best_epoch")
_PLATEAU = ("best", "wait", "cooldown_counter")


def latest_checkpoint(folder: Path) -> tuple[Path, int] | None:
    """The newest complete checkpoint below a folder and the number of epochs it holds.

    One that lost a file, to somebody who tidied up, is none.
    """
    found = sorted(
        path
        for path in folder.glob("epoch-*")
        if all((path / name).is_file() for name in (LATEST_WEIGHTS, BEST_WEIGHTS, _MEMORY))
    )
    return (found[-1], int(found[-1].name.removeprefix("epoch-"))) if found else None


def restore_checkpoint(model: keras.Model, checkpoint: Path) -> None:
    """Gives a network the weights of the latest epoch, and a compiled one its optimizer's state too."""
    if getattr(model, "optimizer", None) is not None:
        model.optimizer.build(model.trainable_variables)
    model.load_weights(checkpoint / LATEST_WEIGHTS)
    memory = json.loads((checkpoint / _MEMORY).read_text(encoding="utf-8"))
    for name, generator in _generators(model).items():
        generator.state.assign(memory["random"][name])


def is_patience_spent(checkpoint: Path, patience: int) -> bool:
    """Whether early stopping had ended the training with this epoch."""
    memory = json.loads((checkpoint / _MEMORY).read_text(encoding="utf-8"))
    return memory.get("early", {}).get("wait", 0) >= patience


class Checkpoint(keras.callbacks.Callback):
    """Saves after every epoch and takes up where a checkpoint left off.

    It must stand behind the two callbacks it looks after: Keras' own forget everything when a `fit`
    begins, and this one then reminds them. A checkpoint is a folder that appears by renaming, so
    that a process killed in mid-write leaves the one before.

    Args:
        folder: where checkpoints lie.
        early: the early stopping to look after; None in a phase that has none.
        plateau: the learning-rate rule to look after; None where there is none.
        resumed: the checkpoint that `fit` continues from; None for a fresh start.
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

    def on_train_begin(self, logs=None) -> None:
        """Reminds the callbacks of what they knew."""
        if self._resumed is None or self._early is None:
            return
        memory = json.loads((self._resumed / _MEMORY).read_text(encoding="utf-8"))
        vars(self._early).update(memory["early"])
        if self._plateau is not None:
            vars(self._plateau).update(memory["plateau"])

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        """Saves the epoch, then drops the one before; weights that are no longer numbers are not kept."""
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            return
        before = latest_checkpoint(self._folder)
        partial = self._folder / "partial"
        shutil.rmtree(partial, ignore_errors=True)
        # Not with the folders above: a run that is deleted while it trains must not come back.
        self._folder.mkdir(exist_ok=True)
        partial.mkdir()
        # On a full disk HDF5 may end the process; so it is told before.
        disk_space.preallocate(partial / LATEST_WEIGHTS, 2 * _size(self.model) + _MARGIN)
        self.model.save_weights(partial / LATEST_WEIGHTS)
        # Weight files leave the state of dropout's random numbers out.
        random = {
            name: keras.ops.convert_to_numpy(generator.state).tolist()
            for name, generator in _generators(self.model).items()
        }
        memory: dict[str, dict] = {"random": random}
        kept = partial / LATEST_WEIGHTS
        if self._plateau is not None:
            memory["plateau"] = {name: _plain(getattr(self._plateau, name)) for name in _PLATEAU}
        if self._early is not None:
            memory["early"] = {name: _plain(getattr(self._early, name)) for name in _EARLY}
            if self._early.best_epoch != epoch and before is not None:
                kept = before[0] / BEST_WEIGHTS
        shutil.copyfile(kept, partial / BEST_WEIGHTS)
        (partial / _MEMORY).write_text(json.dumps(memory), encoding="utf-8")
        target = self._folder / f"epoch-{epoch + 1:04d}"
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
        for older in sorted(self._folder.glob("epoch-*"))[:-1]:
            shutil.rmtree(older)


def _size(model: keras.Model) -> int:
    """Bytes of the weights and of what the optimizer remembers."""
    kept = [*model.variables, *(model.optimizer.variables if model.optimizer else ())]
    return sum(keras.ops.size(value) * keras.ops.convert_to_numpy(value).itemsize for value in kept)


def _generators(model: keras.Model) -> dict[str, keras.random.SeedGenerator]:
    """The random number generators of the layers that have one, by layer name."""
    found = {layer.name: getattr(layer, "seed_generator", None) for layer in model.layers}
    return {name: generator for name, generator in found.items() if generator is not None}


def _plain(value):
    """A number as JSON knows it; metrics arrive as NumPy scalars."""
    return int(value) if isinstance(value, int) else float(value)

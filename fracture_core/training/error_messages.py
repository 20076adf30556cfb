"""What the machine did to a training, in a sentence that says what to do."""

import errno
from pathlib import Path

import tensorflow as tf

from fracture_core.errors import TrainingError
from fracture_core.runs.run import Run

_FULL = {errno.ENOSPC, errno.EDQUOT}

# Libraries that write for us hand the system's words on without its number.
_FULL_WORDS = ("No space left on device", "Disk quota exceeded")


def machine_error_message(error: BaseException, run: Run) -> TrainingError | None:
    """The sentence for what the machine ran out of or lost; None for anything else, a fault of the program.

    Args:
        error: what ended the training.
        run: whose training.
    """
    if not isinstance(error, MemoryError | OSError | tf.errors.OpError):
        return None
    if not run.folder.is_dir():
        return TrainingError(
            f"Expected the folder of {run.name}, but it was deleted while the run was trained: start a new run."
        )
    if _disk_is_full(error):
        return TrainingError(
            f"Expected room on the disk of {run.folder}, but it is full: free some space and resume the run; the last "
            "complete epoch is kept."
        )
    if isinstance(error, MemoryError | tf.errors.ResourceExhaustedError):
        return TrainingError(
            f"Expected enough memory to train {run.name}, but it ran out: clone it with a smaller batch or input size, "
            "or close other programs and resume it."
        )
    if isinstance(error, OSError):
        return TrainingError(
            f"Expected to read and write freely, but the system said “{error}”: mend that and resume the run."
        )
    return None


def check_data_available(run: Run, data: Path) -> None:
    """Says of a run that has begun that its films are gone, and what then helps.

    Raises:
        TrainingError: there is nothing where its data set was.
    """
    if not data.exists() and any(run.checkpoints.glob("epoch-*")):
        raise TrainingError(
            f"Expected the films of {run.name} in {data}, but there is nothing: put them back, or connect their disk, "
            "and resume the run."
        )


def _disk_is_full(error: BaseException) -> bool:
    return getattr(error, "errno", None) in _FULL or any(words in str(error) for words in _FULL_WORDS)

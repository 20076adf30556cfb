"""Clear messages for system errors during a training: full disk, no memory, deleted files."""

import errno
from pathlib import Path

import tensorflow as tf

from fracture_core.errors import TrainingError
from fracture_core.runs.run import Run

_DISK_FULL_CODES = {errno.ENOSPC, errno.EDQUOT}

# Libraries repeat the message of the system, but not its error code.
_DISK_FULL_MESSAGES = ("No space left on device", "Disk quota exceeded")


def machine_error_message(error: BaseException, run: Run) -> TrainingError | None:
    """Translate a system error to a message for the user.

    Args:
        error: Exception that ended the training.
        run: Run that was trained.

    Returns:
        The error to show; None if the exception is a programming error.
    """
    if not isinstance(error, MemoryError | OSError | tf.errors.OpError):
        return None
    if not run.folder.is_dir():
        return TrainingError(f"The folder of {run.name} was deleted during the training: start a new run.")
    if _is_disk_full(error):
        return TrainingError(
            f"The disk of {run.folder} is full: free some space and resume the run. The last complete epoch is kept."
        )
    if isinstance(error, MemoryError | tf.errors.ResourceExhaustedError):
        return TrainingError(
            f"Not enough memory to train {run.name}: clone it with a smaller batch or input size, or close other "
            "programs and resume it."
        )
    if isinstance(error, OSError):
        return TrainingError(
            f"A file could not be read or written ({error}): fix the cause and resume the run."
        )
    return None


def check_data_available(run: Run, data: Path) -> None:
    """Check that the dataset of a run that has started still exists.

    Args:
        run: Run to resume.
        data: Folder of its dataset.

    Raises:
        TrainingError: The folder does not exist.
    """
    if not data.exists() and any(run.checkpoints.glob("epoch-*")):
        raise TrainingError(
            f"The dataset of {run.name} is missing from {data}: restore it or connect its disk, and resume the run."
        )


def _is_disk_full(error: BaseException) -> bool:
    code = getattr(error, "errno", None)
    return code in _DISK_FULL_CODES or any(message in str(error) for message in _DISK_FULL_MESSAGES)

"""Converts disk errors to clear error messages."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fracture_core.errors import ModelError

#: The folder in which models are checked before they are added, as named in error messages.
TEMPORARY_FOLDER = "the temporary folder"


@contextmanager
def model_disk_errors(place: Path | str) -> Iterator[None]:
    """Convert an OSError while writing to a `ModelError`.

    Args:
        place: The file or folder that is written, as named in the error message.

    Raises:
        ModelError: The disk reported an error.
    """
    try:
        yield
    except OSError as error:
        raise ModelError(
            f"Cannot write to {place} ({error.strerror or error}): free some space or choose another folder."
        ) from error

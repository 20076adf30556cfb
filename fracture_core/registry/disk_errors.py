"""What the disk refuses, in one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fracture_core.errors import ModelError

#: Where models are checked before the registry takes them, as sentences call it.
TEMPORARY_FOLDER = "the temporary folder"


@contextmanager
def model_disk_errors(place: Path | str) -> Iterator[None]:
    """Turns what the disk says while something is written to `place` into a `ModelError`."""
    try:
        yield
    except OSError as error:
        raise ModelError(
            f"Expected to write to {place}, but the disk said “{error.strerror or error}”: free space, or choose "
            "another place."
        ) from error

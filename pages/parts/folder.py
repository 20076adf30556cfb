"""A folder as a user typed or pasted it."""

from pathlib import Path

from fracture_core.errors import DataError


def resolved(text: str) -> Path:
    """The whole path that a text means.

    Args:
        text: with or without quotes, “~” and the folders above.

    Raises:
        DataError: no path can be called that.
    """
    try:
        return Path(text.strip().strip("\"'")).expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:  # no such home, a name no file can have
        raise DataError(
            f"Expected the path of a folder, but got {text!r} ({error}): check the path."
        ) from error

"""Errors a user can act on.

Every message is one sentence that says what was expected, what arrived and what to do. Pages and
the command line show that sentence and nothing else; whatever is not a `SecondLookError` is a
fault of the program and is not hidden.
"""

from fracture_core.file_names import escape_name


class SecondLookError(Exception):
    """Base of every error whose message is meant for the user.

    File names in the message are escaped where they are not valid UTF-8, so that every page and file can show it.
    """

    def __str__(self) -> str:
        return escape_name(super().__str__())


class ImageReadError(SecondLookError):
    """A file could not be read as one radiograph."""


class DataError(SecondLookError):
    """A folder of data is missing, has no known layout, or contradicts itself."""


class ModelError(SecondLookError):
    """A model is unknown, incomplete, altered, or does not fit its architecture."""


class TrainingError(SecondLookError):
    """A training could not be started, continued or finished."""

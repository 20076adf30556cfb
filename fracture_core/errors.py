"""Exceptions whose messages are meant for the user.

Each message states what is wrong and what to do. Pages and the command line show it without a traceback. Any other
exception is a fault of the program; `internal_errors` logs it.
"""

from fracture_core.file_names import escape_name


class SecondLookError(Exception):
    """Base class of all errors whose message is meant for the user.

    File names in the message that are not valid UTF-8 are escaped, so that every page and file can show it.
    """

    def __str__(self) -> str:
        return escape_name(super().__str__())


class ImageReadError(SecondLookError):
    """A file cannot be read as one radiograph."""


class DataError(SecondLookError):
    """A dataset is missing, has no known layout, or contradicts itself."""


class ModelError(SecondLookError):
    """A model is unknown, incomplete, altered, or does not fit its architecture."""


class TrainingError(SecondLookError):
    """A training run cannot be started, continued or finished."""

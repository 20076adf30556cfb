"""Errors a user can act on.

Every message is one sentence that says what was expected, what arrived and what to do. Pages and
the command line show that sentence and nothing else; whatever is not a `SecondLookError` is a
fault of the program and is not hidden.
"""


class SecondLookError(Exception):
    """Base of every error whose message is meant for the user."""


class ImageReadError(SecondLookError):
    """A file could not be read as one radiograph."""


class DataError(SecondLookError):
    """A folder of data is missing, has no known layout, or contradicts itself."""


class ModelError(SecondLookError):
    """A model is unknown, incomplete, altered, or does not fit its architecture."""


class TrainingError(SecondLookError):
    """A training could not be started, continued or finished."""

"""Unexpected exceptions at the boundary of one file: caught once, logged, shown with a reference.

A file from a stranger can trigger a fault in this program or in a decoder. That must not end the batch,
the study, the audit or the dataset the file belongs to. `file_boundary` is the only place that turns an
unexpected exception into an error message for the user.
"""

import logging
import secrets
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from fracture_core.errors import SecondLookError

_LOGGER = logging.getLogger(__name__)


class InternalFileError(SecondLookError):
    """A fault of this program or of a decoder, met while working on one file.

    Args:
        reference: the identifier under which the traceback is in the log.
    """

    def __init__(self, reference: str):
        super().__init__(f"This file could not be read (internal error, reference {reference}).")
        self.reference = reference


def log_internal_error(error: BaseException) -> str:
    """Log an exception with its traceback but without its message.

    The message may quote values of a file, and those may name a patient. The log therefore holds the exception
    types and, for each frame, the source file, line and function.

    Args:
        error: the exception, with its causes.

    Returns:
        A reference of six letters and digits that is also in the log.
    """
    reference = secrets.token_hex(3).upper()
    lines = []
    current: BaseException | None = error
    seen: set[int] = set()
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        lines.append(f"{type(current).__module__}.{type(current).__qualname__}")
        lines += [
            f"  {frame.filename}:{frame.lineno} in {frame.name}"
            for frame in traceback.extract_tb(current.__traceback__)
        ]
        current = current.__cause__ or current.__context__
    _LOGGER.error("Internal error, reference %s\n%s", reference, "\n".join(lines))
    return reference


@contextmanager
def file_boundary() -> Iterator[None]:
    """Turn an unexpected exception of the body into an `InternalFileError`.

    Errors meant for the user pass unchanged; so do `KeyboardInterrupt` and `SystemExit`.

    Raises:
        InternalFileError: the body raised an exception that is not a `SecondLookError`.

    Example:
        >>> try:
        ...     with file_boundary():
        ...         raise ValueError("Doe^Jane")
        ... except InternalFileError as error:
        ...     print(str(error)[:42])
        This file could not be read (internal erro
    """
    try:
        yield
    except SecondLookError:
        raise
    except Exception as error:  # noqa: BLE001 - the one boundary; everything caught is logged and reported
        raise InternalFileError(log_internal_error(error)) from None

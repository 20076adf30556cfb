"""Unexpected exceptions at the boundary of one file or one page: caught once, logged, shown with a reference.

An unusual file can trigger a fault in this program or in a decoder. That must not end the batch, study, audit or
dataset that the file belongs to. A fault in a page must not show the user a traceback.
`file_boundary` and `page_boundary` are the only places that turn an unexpected exception into an error message for
the user.
"""

import logging
import secrets
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from fracture_core.errors import SecondLookError
from fracture_core.installation import missing_package

_LOGGER = logging.getLogger(__name__)


class InternalFileError(SecondLookError):
    """A fault in this program or in a decoder while one file was processed.

    Args:
        reference: the identifier under which the traceback is in the log.
    """

    def __init__(self, reference: str):
        super().__init__(f"This file could not be read (internal error, reference {reference}).")
        self.reference = reference


class InternalPageError(SecondLookError):
    """A fault in this program while a page was drawn or a click was handled.

    Args:
        reference: the identifier under which the traceback is in the log.
    """

    def __init__(self, reference: str):
        super().__init__(
            f"This page met an internal error (reference {reference}). The details are in the app’s log, and your data "
            "is unchanged. Reload the page."
        )
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
    with _boundary(InternalFileError):
        yield


@contextmanager
def page_boundary() -> Iterator[None]:
    """Turn an unexpected exception of the body into an `InternalPageError`.

    Errors meant for the user pass unchanged. So do `KeyboardInterrupt`, `SystemExit` and the requests of Streamlit to
    rerun or stop a page, none of which is an `Exception`.

    Raises:
        InternalPageError: the body raised an exception that is not a `SecondLookError`.

    Example:
        >>> try:
        ...     with page_boundary():
        ...         raise ValueError("Doe^Jane")
        ... except InternalPageError as error:
        ...     print(str(error)[:33])
        This page met an internal error (
    """
    with _boundary(InternalPageError):
        yield


@contextmanager
def _boundary(error_type: type[InternalFileError] | type[InternalPageError]) -> Iterator[None]:
    try:
        yield
    except SecondLookError:
        raise
    except Exception as error:  # noqa: BLE001 - the one boundary; everything caught is logged and reported
        if missing := missing_package(error):
            raise missing from None
        raise error_type(log_internal_error(error)) from None

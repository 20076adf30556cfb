"""Unexpected exceptions are reported with a reference and logged without the values of the file."""

import pytest

from fracture_core.errors import ImageReadError
from fracture_core.internal_errors import InternalFileError, file_boundary


def test_unexpected_exception_becomes_an_error_with_a_reference(caplog):
    with pytest.raises(InternalFileError) as excinfo, file_boundary():
        raise ValueError("Doe^Jane")
    assert str(excinfo.value) == (
        f"This file could not be read (internal error, reference {excinfo.value.reference})."
    )
    assert excinfo.value.reference in caplog.text


def test_log_contains_types_and_source_lines_but_no_values(caplog):
    def inner():
        raise KeyError("Doe^Jane")

    def outer():
        try:
            inner()
        except KeyError as error:
            raise ValueError("1970-01-01") from error

    with pytest.raises(InternalFileError), file_boundary():
        outer()
    assert "ValueError" in caplog.text
    assert "KeyError" in caplog.text
    assert "in inner" in caplog.text
    assert "Doe" not in caplog.text
    assert "1970" not in caplog.text


def test_user_errors_pass_unchanged():
    with pytest.raises(ImageReadError, match="damaged"), file_boundary():
        raise ImageReadError("The file is damaged.")


@pytest.mark.parametrize("exception", [KeyboardInterrupt, SystemExit])
def test_stop_requests_pass_unchanged(exception):
    with pytest.raises(exception), file_boundary():
        raise exception

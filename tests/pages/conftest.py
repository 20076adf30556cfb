"""What tests of pages may use, and a rule: no page meets an internal error unseen."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture
def internal_errors_expected() -> None:
    """For a test that makes a page fail on purpose."""


@pytest.fixture(autouse=True)
def _no_internal_error(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fails a test whose page met an internal error: the page shows it as a sentence and raises nothing."""
    yield
    if "internal_errors_expected" in request.fixturenames:
        return
    logged = [
        record.getMessage()
        for record in caplog.get_records("call")
        if record.name == "fracture_core.internal_errors" and record.levelno == logging.ERROR
    ]
    assert logged == []

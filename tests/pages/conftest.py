"""Fixtures for tests of pages, and a check that no page shows an unexpected internal error."""

import logging
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from fracture_core import paths

# Seconds for one run of a script. Streamlit's default of 3 is too short for a busy machine.
_TIMEOUT = 120


@pytest.fixture(autouse=True)
def _timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every `AppTest` the same time."""
    create = AppTest.__init__
    monkeypatch.setattr(
        AppTest,
        "__init__",
        lambda self, *args, **options: create(self, *args, **options | {"default_timeout": _TIMEOUT}),
    )


@pytest.fixture
def internal_errors_expected() -> None:
    """Marks a test that makes a page fail on purpose."""


@pytest.fixture(autouse=True)
def _no_dataset_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the dataset folder of this computer and the folders and names that other tests have entered."""
    monkeypatch.delenv("SECOND_LOOK_DATASET", raising=False)
    for name in (".folders.json", ".reviewers.json"):
        (paths.runs_dir() / name).unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def _no_internal_error(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test whose page logged an internal error, which the page shows instead of raising it."""
    yield
    if "internal_errors_expected" in request.fixturenames:
        return
    logged = [
        record.getMessage()
        for record in caplog.get_records("call")
        if record.name == "fracture_core.internal_errors" and record.levelno == logging.ERROR
    ]
    assert logged == []

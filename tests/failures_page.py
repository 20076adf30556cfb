"""Helpers for tests of the Failures page without a browser."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

APP = Path(__file__).resolve().parent.parent / "app.py"


def opened(**params: str) -> AppTest:
    """Open the page with these URL parameters."""
    test = AppTest.from_file(str(APP), default_timeout=60)
    test.run()
    test.switch_page("pages/failures.py")
    for name, value in params.items():
        test.query_params[name] = value
    return run(test)


def run(test: AppTest) -> AppTest:
    """Rerun the page; the test fails if it shows an exception."""
    test.run()
    assert not test.exception
    return test


def words(test: AppTest) -> str:
    """All HTML of the page as one text."""
    return " ".join(str(found.proto.body) for found in test.get("html"))

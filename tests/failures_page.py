"""Helpers for tests of the Failures page without a browser."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

APP = Path(__file__).resolve().parent.parent / "app.py"


def open_failures_page(**params: str) -> AppTest:
    """Open the page with these URL parameters."""
    page = AppTest.from_file(str(APP))
    page.run()
    page.switch_page("pages/failures.py")
    for name, value in params.items():
        page.query_params[name] = value
    return rerun(page)


def rerun(page: AppTest) -> AppTest:
    """Rerun the page; the test fails if it shows an exception."""
    page.run()
    assert not page.exception
    return page


def page_html(page: AppTest) -> str:
    """All HTML of the page as one text."""
    return " ".join(str(element.proto.body) for element in page.get("html"))

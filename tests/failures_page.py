"""The failures page without a browser."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

APP = Path(__file__).resolve().parent.parent / "app.py"


def opened(**params: str) -> AppTest:
    """The page at an address with these parameters."""
    test = AppTest.from_file(str(APP), default_timeout=60)
    test.run()
    test.switch_page("pages/failures.py")
    for name, value in params.items():
        test.query_params[name] = value
    return run(test)


def run(test: AppTest) -> AppTest:
    """Draws it anew; the test fails where the page shows a fault."""
    test.run()
    assert not test.exception
    return test


def words(test: AppTest) -> str:
    """All its HTML."""
    return " ".join(str(found.proto.body) for found in test.get("html"))

"""Unexpected exceptions of pages, fragments, callbacks and downloads give an error message with a reference."""

import logging

import pytest
from failures_page import APP
from streamlit.testing.v1 import AppTest

from fracture_core.errors import DataError
from fracture_core.internal_errors import InternalPageError
from pages.components.common import boundary

pytestmark = pytest.mark.usefixtures("internal_errors_expected")


def _page() -> None:
    import streamlit as st

    from fracture_core.errors import DataError
    from pages.components.common import boundary

    def fail(name: str) -> None:
        st.session_state["calls"] = st.session_state.get("calls", 0) + 1
        raise ValueError(f"Doe^Jane {name}")

    def refuse() -> None:
        raise DataError("The table is locked: close it.")

    def draw() -> None:
        st.button("Fail", on_click=boundary.callback(fail), args=("callback",))
        st.button("Refuse", on_click=boundary.callback(refuse))
        st.button("Rerun", on_click=boundary.callback(st.rerun))
        if st.session_state.get("fragment"):
            boundary.fragment(fail, run_every=60)("fragment")
            st.text("after the fragment")
        if st.session_state.get("page"):
            fail("page")
        if st.session_state.pop("rerun", False):
            st.rerun()
        if st.session_state.get("stop"):
            st.stop()
        st.text("whole page")

    boundary.run(draw)


@pytest.fixture
def page() -> AppTest:
    """A page whose parts fail on request."""
    return AppTest.from_function(_page).run()


def _text(page: AppTest) -> list[str]:
    return [element.value for element in page.text]


def _error(page: AppTest, caplog: pytest.LogCaptureFixture) -> str:
    """The only error on the page; checks its text and that the log contains no values."""
    assert not page.exception
    (errors,) = (element.value.replace("\\", "") for element in page.error)
    assert errors.startswith("This page met an internal error (reference ")
    assert errors.split("reference ")[1][:6] in caplog.text
    assert "ValueError" in caplog.text
    assert "Doe" not in caplog.text + errors
    return errors


def test_failed_page_shows_a_reference(page, caplog):
    page.session_state["page"] = True
    page.run()
    _error(page, caplog)
    assert _text(page) == []


def test_failed_fragment_leaves_the_rest_of_the_page(page, caplog):
    page.session_state["fragment"] = True
    page.run()
    _error(page, caplog)
    assert _text(page) == ["after the fragment", "whole page"]


def test_failed_callback_leaves_the_whole_page(page, caplog):
    page.button[0].click().run()
    _error(page, caplog)
    assert _text(page) == ["whole page"]
    page.run()
    assert not page.error


def test_user_error_in_a_callback_is_shown_unchanged(page, caplog):
    page.button[1].click().run()
    assert [element.value.replace("\\", "") for element in page.error] == ["The table is locked: close it."]
    assert caplog.text == ""


def test_rerun_and_stop_requests_pass_unchanged(page):
    page.session_state["rerun"] = True
    page.run()
    assert (_text(page), list(page.error)) == (["whole page"], [])
    page.button[2].click().run()
    assert (_text(page), list(page.error)) == (["whole page"], [])
    page.session_state["stop"] = True
    page.run()
    assert (_text(page), list(page.error), list(page.exception)) == ([], [], [])


def test_failed_download_raises_an_error_without_values_of_the_file(caplog):
    def fail() -> bytes:
        raise ValueError("Doe^Jane")

    def refuse() -> bytes:
        raise DataError("The folder is gone.")

    with pytest.raises(InternalPageError):
        boundary.download(fail)()
    with pytest.raises(DataError, match="folder is gone"):
        boundary.download(refuse)()
    assert "Doe" not in caplog.text


def test_failed_fragment_is_not_rerun_automatically(monkeypatch, caplog):
    calls, errors, fragments = [], [], []

    def fail() -> None:
        calls.append(1)
        raise ValueError

    def keep(function, run_every):
        fragments.append(function)
        return function

    monkeypatch.setattr(boundary.st, "fragment", keep)
    monkeypatch.setattr(boundary.st, "error", errors.append)
    monkeypatch.setattr(boundary.st, "session_state", {})
    start = boundary.fragment(fail, run_every=1)
    start()
    fragments[0]()
    fragments[0]()
    assert (len(calls), len(errors), len(set(errors))) == (1, 3, 1)
    start()
    assert len(calls) == 2
    by_click = boundary.fragment(fail)
    by_click()
    fragments[-1]()
    assert len(calls) == 4


def test_app_keeps_running_if_page_and_footer_fail(store, caplog, monkeypatch):
    from pages.components.common import resources
    from pages.components.train import queue

    def fail(*_args: object) -> None:
        raise KeyError("Doe^Jane")

    for module, name in ((queue, "watch_queue"), (resources, "card_in_use")):
        monkeypatch.setattr(module, name, fail)
    # The preparation, the page and the footer fail.
    with caplog.at_level(logging.ERROR):
        page = AppTest.from_file(str(APP)).run()
    assert not page.exception
    assert len(page.error) == 3
    assert all("internal error" in element.value for element in page.error)
    assert "Doe" not in caplog.text

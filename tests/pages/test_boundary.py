"""An unexpected exception of a page, a fragment, a callback or a download is a sentence with a reference."""

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
def test() -> AppTest:
    return AppTest.from_function(_page, default_timeout=60).run()


def _text(test: AppTest) -> list[str]:
    return [found.value for found in test.text]


def _error(test: AppTest, caplog: pytest.LogCaptureFixture) -> str:
    """The one error that is shown; checks that it is the sentence and that the log has no values."""
    assert not test.exception
    (shown,) = (found.value.replace("\\", "") for found in test.error)
    assert shown.startswith("This page met an internal error (reference ")
    assert shown.split("reference ")[1][:6] in caplog.text
    assert "ValueError" in caplog.text
    assert "Doe" not in caplog.text + shown
    return shown


def test_page_that_fails_shows_a_reference(test, caplog):
    test.session_state["page"] = True
    test.run()
    _error(test, caplog)
    assert _text(test) == []


def test_fragment_that_fails_leaves_the_rest_of_the_page(test, caplog):
    test.session_state["fragment"] = True
    test.run()
    _error(test, caplog)
    assert _text(test) == ["after the fragment", "whole page"]


def test_callback_that_fails_leaves_the_whole_page(test, caplog):
    test.button[0].click().run()
    _error(test, caplog)
    assert _text(test) == ["whole page"]
    test.run()
    assert not test.error


def test_error_for_the_user_in_a_callback_is_shown_as_it_is(test, caplog):
    test.button[1].click().run()
    assert [found.value.replace("\\", "") for found in test.error] == ["The table is locked: close it."]
    assert caplog.text == ""


def test_requests_to_rerun_and_to_stop_pass(test):
    test.session_state["rerun"] = True
    test.run()
    assert (_text(test), list(test.error)) == (["whole page"], [])
    test.button[2].click().run()
    assert (_text(test), list(test.error)) == (["whole page"], [])
    test.session_state["stop"] = True
    test.run()
    assert (_text(test), list(test.error), list(test.exception)) == ([], [], [])


def test_download_that_fails_raises_no_value_of_a_file(caplog):
    def fail() -> bytes:
        raise ValueError("Doe^Jane")

    def refuse() -> bytes:
        raise DataError("The folder is gone.")

    with pytest.raises(InternalPageError):
        boundary.download(fail)()
    with pytest.raises(DataError, match="folder is gone"):
        boundary.download(refuse)()
    assert "Doe" not in caplog.text


def test_fragment_that_failed_is_not_tried_again_by_itself(monkeypatch, caplog):
    calls, shown, guarded = [], [], []

    def fail() -> None:
        calls.append(1)
        raise ValueError

    def keep(function, run_every):
        guarded.append(function)
        return function

    monkeypatch.setattr(boundary.st, "fragment", keep)
    monkeypatch.setattr(boundary.st, "error", shown.append)
    monkeypatch.setattr(boundary.st, "session_state", {})
    start = boundary.fragment(fail, run_every=1)
    start()
    guarded[0]()
    guarded[0]()
    assert (len(calls), len(shown), len(set(shown))) == (1, 3, 1)
    start()
    assert len(calls) == 2
    by_click = boundary.fragment(fail)
    by_click()
    guarded[-1]()
    assert len(calls) == 4


def test_app_survives_a_page_and_a_frame_that_fail(store, caplog, monkeypatch):
    from pages.components.common import resources
    from pages.components.train import queue

    def fail(*_args: object) -> None:
        raise KeyError("Doe^Jane")

    for module, name in ((queue, "watch_queue"), (resources, "card_in_use")):
        monkeypatch.setattr(module, name, fail)
    # The preparation, the page and the footer fail.
    with caplog.at_level(logging.ERROR):
        test = AppTest.from_file(str(APP), default_timeout=60).run()
    assert not test.exception
    assert len(test.error) == 3
    assert all("internal error" in found.value for found in test.error)
    assert "Doe" not in caplog.text

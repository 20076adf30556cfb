"""Error handling of pages, fragments, callbacks and downloads.

Streamlit shows an uncaught exception in an error box and writes its message to the log. These wrappers show one
sentence with a reference instead. Pages use them in place of `st.fragment` and of a bare `on_click`,
`on_change` or deferred `data`; `tests/pages/test_page_rules.py` checks that.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import streamlit as st

from fracture_core.errors import SecondLookError
from fracture_core.internal_errors import InternalPageError, page_boundary
from pages.components.common import layout

#: Session state: error messages of callbacks, which run before the page is drawn.
_CALLBACK_ERRORS = "boundary_callback_errors"


def run(draw: Callable[[], object]) -> None:
    """Draw a part of the page, and its error message if it fails.

    Args:
        draw: draws the part. Reruns and stops that it requests pass unchanged.
    """
    _show_callback_errors()
    try:
        with page_boundary():
            draw()
    except SecondLookError as error:
        st.error(layout.escape_markdown(str(error)))


def callback(function: Callable[..., object]) -> Callable[..., None]:
    """Guard a function for `on_click` or `on_change`.

    The error message appears at the top of the page or fragment that is drawn next.

    Args:
        function: the callback; its arguments pass through.

    Returns:
        The guarded callback.
    """

    @wraps(function)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            with page_boundary():
                function(*args, **kwargs)
        except SecondLookError as error:
            st.session_state.setdefault(_CALLBACK_ERRORS, []).append(str(error))

    return guarded


def fragment(
    function: Callable[..., object] | None = None, *, run_every: float | None = None
) -> Callable[..., Any]:
    """Guard a function and make it a fragment, as `st.fragment` does.

    A fragment that reruns by itself and fails with an internal error is not tried again until the whole page reruns.
    Otherwise the log would grow with every rerun.

    Args:
        function: draws the fragment; None if this is used as a decorator with arguments.
        run_every: seconds between two reruns; None for none.

    Returns:
        The fragment, or a decorator.
    """
    if function is None:
        return lambda decorated: fragment(decorated, run_every=run_every)

    @wraps(function)
    def start(*args: Any, **kwargs: Any) -> None:
        failures: list[str] = []

        # Streamlit identifies a fragment by module and name, which `wraps` keeps.
        @wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> None:
            _show_callback_errors()
            if not failures:
                try:
                    with page_boundary():
                        function(*args, **kwargs)
                    return
                except InternalPageError as error:
                    message = str(error)
                    if run_every is not None:
                        failures.append(message)
                except SecondLookError as error:
                    message = str(error)
            else:
                message = failures[0]
            st.error(layout.escape_markdown(message))

        st.fragment(guarded, run_every=run_every)(*args, **kwargs)

    return start


def download(make: Callable[[], Any]) -> Callable[[], Any]:
    """Guard a function that makes the content of a download when its button is pressed.

    Streamlit reports that the download failed and logs the message of the exception. The message must therefore
    contain no values of a file.

    Args:
        make: returns the content.

    Returns:
        The guarded function; it raises only `SecondLookError`.
    """

    @wraps(make)
    def guarded() -> Any:
        with page_boundary():
            return make()

    return guarded


def _show_callback_errors() -> None:
    for message in st.session_state.pop(_CALLBACK_ERRORS, []):
        st.error(layout.escape_markdown(message))

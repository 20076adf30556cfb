"""The model in use over time: the return to the model before, and every change with its reason."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from fracture_core.errors import SecondLookError
from fracture_core.registry.history import BACK
from fracture_core.registry.store import SHIPPED
from fracture_core.training import release
from pages.parts import layout, resources, train_state


def show_return() -> None:
    """Draws the model in use, with a button that returns to the one before it."""
    store = resources.store()
    current = store.in_use()
    try:
        previous, problem = store.previous(), ""
    except SecondLookError as error:
        previous, problem = None, str(error)
    back = shipped = False
    with st.container(horizontal=True, vertical_alignment="center", key="model_in_use"):
        st.markdown(f"In use: **{layout.plain(current)}**", width="content")
        if previous is not None:
            back = st.button(
                f"Return to {layout.plain(previous)}",
                key="model_back",
                help="Puts the model in use again that was in use before.",
            )
        if SHIPPED in store.ids() and SHIPPED not in (current, previous):
            shipped = st.button(
                f"Return to {layout.plain(SHIPPED)}",
                key="model_shipped",
                help="Puts the model in use that came with the app.",
            )
    if problem:
        st.warning(layout.plain(problem))
    if back:
        _change(store.back)
    if shipped:
        _change(lambda: release.put_in_use(store, SHIPPED))


def _change(action: Callable[[], object]) -> None:
    store = resources.store()
    try:
        with st.spinner("Checking the model: its file, and the answer it must give to a known pattern …"):
            action()
    except SecondLookError as error:
        st.error(layout.plain(str(error)))
        return
    current = store.in_use()
    train_state.go(f"{current} is now in use on every page.", **{train_state.MODEL: current})


def show() -> None:
    """Draws every change of the model in use, newest first."""
    with st.expander("History of the model in use"):
        _table()


def _table() -> None:
    try:
        changes = resources.store().history()[::-1]
    except SecondLookError as error:
        st.warning(layout.plain(str(error)))
        return
    if not changes:
        st.caption("No change yet.")
        return
    st.dataframe(
        pd.DataFrame(
            {
                "Time": pd.to_datetime([change.time for change in changes], errors="coerce", utc=True),
                "From": [change.previous.id for change in changes],
                "To": [change.chosen.id for change in changes],
                "Reason": [change.reason for change in changes],
                "Failed checks": [
                    ", ".join(map(release.check_words, change.checks_failed)) for change in changes
                ],
                "Action": ["return" if change.action == BACK else "put in use" for change in changes],
            }
        ),
        hide_index=True,
        placeholder="",
        alt="Changes of the model in use",
        key="model_history",
        column_config={"Time": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm", help="UTC.")},
    )

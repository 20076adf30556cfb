"""History of the model in use, and buttons that return to an earlier model."""

import html
from collections.abc import Callable

import streamlit as st

from fracture_core.errors import SecondLookError
from fracture_core.registry.history import BACK, ModelChange
from fracture_core.registry.store import SHIPPED_MODEL
from fracture_core.training import release
from pages.components.common import layout, resources
from pages.components.train import state

_LIST = """<style>
.history {{ list-style: none; margin: 0 !important; padding: 0 !important; max-height: 24rem; overflow-y: auto; }}
.history li {{ margin: 0 !important; padding: 0.4rem 0; border-bottom: 1px solid #262C34; color: #B6C0CA;
  font-size: 0.9rem; overflow-wrap: anywhere; }}
.history time {{ color: #98A3AF; margin-right: 0.6rem; font-variant-numeric: tabular-nums; }}
.history b {{ color: #F2F5F7; }}
</style><ol class="history" aria-label="Changes of the model in use, newest first">{}</ol>"""


def show_return() -> None:
    """Draw the model in use, with buttons that return to the previous and to the shipped model."""
    store = resources.model_store()
    current = store.model_in_use()
    try:
        previous, problem = store.previous(), ""
    except SecondLookError as error:
        previous, problem = None, str(error)
    back = shipped = False
    with st.container(horizontal=True, vertical_alignment="center", key="model_in_use"):
        st.markdown(f"In use: **{layout.escape_markdown(current)}**", width="content")
        if previous is not None:
            back = st.button(
                f"Return to {layout.escape_markdown(previous)}",
                key="model_back",
                help="Use the previous model again.",
            )
        if SHIPPED_MODEL in store.ids() and SHIPPED_MODEL not in (current, previous):
            shipped = st.button(
                f"Return to {layout.escape_markdown(SHIPPED_MODEL)}",
                key="model_shipped",
                help="Use the model that was shipped with the app.",
            )
    if problem:
        st.warning(layout.escape_markdown(problem))
    if back:
        _change(store.restore_previous)
    if shipped:
        _change(lambda: release.put_in_use(store, SHIPPED_MODEL))


def _change(action: Callable[[], object]) -> None:
    store = resources.model_store()
    try:
        with st.spinner("Checking the model: file hash and reference prediction …"):
            action()
    except SecondLookError as error:
        st.error(layout.escape_markdown(str(error)))
        return
    current = store.model_in_use()
    state.go_to(f"{current} is now in use on every page.", **{state.MODEL_KEY: current})


def show() -> None:
    """Draw every change of the model in use, newest first."""
    with st.expander("History of the model in use"):
        _show_changes()


def _show_changes() -> None:
    try:
        changes = resources.model_store().history()[::-1]
    except SecondLookError as error:
        st.warning(layout.escape_markdown(str(error)))
        return
    if not changes:
        st.caption("No change yet.")
        return
    st.html(_LIST.format("".join(map(_change_html, changes))))


def _change_html(change: ModelChange) -> str:
    """One change: time, models, failed checks and reason."""
    returned = " (return)" if change.action == BACK else ""
    failed = ", ".join(map(release.check_title, change.checks_failed))
    details = [("Failed checks", failed), ("Reason", change.reason)]
    below = "".join(f"<br>{name}: {html.escape(text)}" for name, text in details if text)
    time = html.escape(change.time[:16].replace("T", " "))
    models = f"{html.escape(change.previous.id)} → <b>{html.escape(change.chosen.id)}</b>{returned}"
    return f"<li><time>{time} UTC</time> {models}{below}</li>"

"""The trainings that wait for their turn."""

import threading

import streamlit as st

from fracture_core import places
from fracture_core.errors import SecondLookError
from fracture_core.training import process, queue
from pages.parts import boundary, layout, train_state

#: Seconds between two looks at a queue that is shown.
_EVERY = 3


@st.cache_resource(show_spinner=False)
def keep() -> threading.Thread:
    """Has the queue looked after as long as the app runs, once for all users."""
    return process.keep(places.runs)


def show() -> None:
    """Draws who waits, nothing where nobody does; draws the page anew when that changes."""
    line = queue.waiting(places.runs())
    if line:
        with st.container(border=True, key="train_queue"):
            st.markdown(
                "**Waiting for their turn**, the next first. It starts by itself when the training before ends."
            )
            for number, one in enumerate(line, 1):
                _row(number, one)
    _watch(line)


def _row(number: int, one: queue.Waiting) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"train_queue_row_{number}"):
        how = ", to take its best epoch" if one.finish_only else ""
        st.markdown(layout.plain(f"{number}. {one.name}{how}"), width="stretch")
        up = st.button(
            "Up", disabled=number == 1, key=f"train_up_{one.name}", help="Lets it go before the one above."
        )
        out = st.button(
            "Remove", key=f"train_out_{one.name}", help="Takes it out of the queue; the run stays."
        )
    if up or out:
        try:
            (queue.up if up else queue.remove)(places.runs(), one.name)
        except SecondLookError as error:
            st.error(str(error))
            return
        train_state.go("" if up else f"{one.name} no longer waits.")


@boundary.fragment(run_every=_EVERY)
def _watch(shown: tuple[queue.Waiting, ...]) -> None:
    """Others add to the queue, and the first leaves it."""
    if queue.waiting(places.runs()) != shown:
        st.rerun()

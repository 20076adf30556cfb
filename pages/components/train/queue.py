"""The trainings that wait for their turn."""

import threading

import streamlit as st

from fracture_core import paths
from fracture_core.errors import SecondLookError
from fracture_core.runs import process, queue
from pages.components.common import boundary, layout
from pages.components.train import state

#: Seconds between two looks at a queue that is shown.
_EVERY = 3


@st.cache_resource(show_spinner=False)
def watch_queue() -> threading.Thread:
    """Has the queue looked after as long as the app runs, once for all users."""
    return process.watch_queue(paths.runs_dir)


def show() -> None:
    """Draws who waits, nothing where nobody does; draws the page anew when that changes."""
    line = queue.waiting_runs(paths.runs_dir())
    if line:
        with st.container(border=True, key="train_queue"):
            st.markdown(
                "**Waiting for their turn**, the next first. It starts by itself when the training before ends."
            )
            for number, one in enumerate(line, 1):
                _row(number, one)
    _watch(line)


def _row(number: int, one: queue.WaitingRun) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"train_queue_row_{number}"):
        how = ", to take its best epoch" if one.finish_only else ""
        st.markdown(layout.escape_markdown(f"{number}. {one.name}{how}"), width="stretch")
        up = st.button(
            "Up", disabled=number == 1, key=f"train_up_{one.name}", help="Lets it go before the one above."
        )
        out = st.button(
            "Remove", key=f"train_out_{one.name}", help="Takes it out of the queue; the run stays."
        )
    if up or out:
        try:
            (queue.move_up if up else queue.remove_from_queue)(paths.runs_dir(), one.name)
        except SecondLookError as error:
            st.error(str(error))
            return
        state.go_to("" if up else f"{one.name} no longer waits.")


@boundary.fragment(run_every=_EVERY)
def _watch(shown: tuple[queue.WaitingRun, ...]) -> None:
    """Others add to the queue, and the first leaves it."""
    if queue.waiting_runs(paths.runs_dir()) != shown:
        st.rerun()

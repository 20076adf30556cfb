"""The queue of waiting runs."""

import threading

import streamlit as st

from fracture_core import paths
from fracture_core.errors import SecondLookError
from fracture_core.runs import process, queue
from pages.components.common import boundary, layout
from pages.components.train import state

#: Seconds between two checks of a shown queue.
_INTERVAL = 3


@st.cache_resource(show_spinner=False)
def watch_queue() -> threading.Thread:
    """Start waiting runs as long as the app runs, once for all users."""
    return process.watch_queue(paths.runs_dir)


def show() -> None:
    """Draw the waiting runs, if any; draw the page again when they change."""
    waiting = queue.waiting_runs(paths.runs_dir())
    if waiting:
        with st.container(border=True, key="train_queue"):
            st.markdown(f"**Queue**: {_ahead()}The first run then starts automatically.")
            for number, entry in enumerate(waiting, 1):
                _show_row(number, entry)
    _watch(waiting)


def _show_row(number: int, entry: queue.WaitingRun) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"train_queue_row_{number}"):
        note = ", makes a model of its best epoch" if entry.finish_only else ""
        st.markdown(layout.escape_markdown(f"{number}. {entry.name}{note}"), width="stretch")
        up = st.button(
            "Up", disabled=number == 1, key=f"train_up_{entry.name}", help="Moves the run one position up."
        )
        out = st.button(
            "Remove",
            key=f"train_out_{entry.name}",
            help="Removes the run from the queue; the run itself is kept.",
        )
    if up or out:
        try:
            (queue.move_up if up else queue.remove_from_queue)(paths.runs_dir(), entry.name)
        except SecondLookError as error:
            st.error(layout.escape_markdown(str(error)))
            return
        state.go_to("" if up else f"{entry.name} is no longer in the queue.")


def _ahead() -> str:
    """Name the active run that the queue waits for."""
    active = process.active_run(paths.runs_dir())
    return f"waiting for {layout.escape_markdown(active.name)} to finish. " if active else ""


@boundary.fragment(run_every=_INTERVAL)
def _watch(shown: tuple[queue.WaitingRun, ...]) -> None:
    """Other users and processes change the queue."""
    if queue.waiting_runs(paths.runs_dir()) != shown:
        st.rerun()

"""The table of all runs, from which one can be chosen."""

from dataclasses import replace
from pathlib import Path

import streamlit as st

from fracture_core.runs.run import ACTIVE_STATUSES
from fracture_core.runs.run_table import RunRow, filter_rows, list_runs, run_table
from fracture_core.zoo import ARCHITECTURES
from pages.components.common import boundary
from pages.components.train import state

_OPEN, _FILTER, _TABLE, _ROWS = "train_all_runs", "train_runs_filter", "train_runs_table", "train_runs_rows"


def show(root: Path) -> None:
    """Draw the table in an expander; a click on a row opens its run.

    Args:
        root: folder of all runs.
    """
    with st.expander("All runs", key=_OPEN, on_change="rerun") as part:
        if not part.open:
            return
        rows = list_runs(root)
        text = st.text_input(
            "Filter",
            key=_FILTER,
            placeholder="Name, status, architecture or notes",
            persist_state="session",
            label_visibility="collapsed",
        )
        shown = filter_rows([_named(row) for row in rows], text or "")
        if not shown:
            st.caption("No run matches the filter.")
            return
        st.session_state[_ROWS] = [row.run for row in shown]
        st.dataframe(
            run_table(shown),
            hide_index=True,
            placeholder="",
            alt="All runs with their settings and results",
            key=_TABLE,
            on_select=boundary.callback(_open),
            selection_mode="single-row",
            column_config=_COLUMNS,
        )
        st.caption("Click a column to sort by it, and the box beside a row to open its run.")


_COLUMNS = {
    "run": st.column_config.TextColumn("Run", pinned=True),
    "status": st.column_config.TextColumn("Status"),
    "architecture": st.column_config.TextColumn("Architecture"),
    "size": st.column_config.NumberColumn("Input (px)"),
    "batch": st.column_config.NumberColumn("Batch size"),
    "learning_rate": st.column_config.NumberColumn("Learning rate", format="%.2g"),
    "seed": st.column_config.NumberColumn("Seed"),
    "epochs": st.column_config.NumberColumn("Epochs"),
    "planned": st.column_config.NumberColumn("Maximum epochs"),
    "best": st.column_config.NumberColumn("Best epoch"),
    "validation_auc": st.column_config.NumberColumn("Validation AUC", format="%.3f"),
    "test_auc": st.column_config.NumberColumn("Test AUC", format="%.3f"),
    "minutes": st.column_config.NumberColumn("Minutes", format="%.1f"),
    "created": st.column_config.DatetimeColumn("Created (UTC)", format="YYYY-MM-DD HH:mm", timezone="UTC"),
    "data": st.column_config.TextColumn("Dataset"),
    "notes": st.column_config.TextColumn("Notes"),
}


def _named(row: RunRow) -> RunRow:
    """The row with the names that the page uses."""
    architecture = ARCHITECTURES.get(row.architecture or "")
    return replace(
        row,
        status="in training" if row.status in ACTIVE_STATUSES else row.status,
        architecture=architecture.title if architecture else row.architecture,
    )


def _open() -> None:
    rows = st.session_state[_TABLE]["selection"]["rows"]
    names = st.session_state.get(_ROWS, [])
    if rows and rows[0] < len(names):
        state.open_run(names[rows[0]])

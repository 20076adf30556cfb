"""Train: a data set and an architecture in; a run to watch, and a model to put in use, out."""

import streamlit as st

from fracture_core import paths
from fracture_core.runs.run import Run
from pages.components.train import comparison, form, models, runs, state

_VIEWS = {
    state.RUNS_VIEW: runs.show,
    state.NEW_VIEW: form.show,
    state.MODELS_VIEW: models.show,
    state.COMPARE_VIEW: comparison.show,
}

state.apply_pending()
st.session_state.setdefault(state.VIEW_KEY, state.RUNS_VIEW if Run.all(paths.runs_dir()) else state.NEW_VIEW)
view = st.segmented_control(
    "Part of the page",
    tuple(_VIEWS),
    key=state.VIEW_KEY,
    required=True,
    label_visibility="collapsed",
    persist_state="session",
)
with st.container():  # always there, so that nothing below changes its place when the notice goes
    state.show_notice()
_VIEWS[view or state.RUNS_VIEW]()

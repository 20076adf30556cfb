"""Train page: train models, watch runs, and manage and compare models."""

import streamlit as st

from fracture_core import paths
from fracture_core.installation import has_tensorflow
from fracture_core.runs.run import Run
from pages.components.train import comparison, form, models, runs, state

_VIEWS = {
    state.RUNS_VIEW: runs.show,
    state.NEW_VIEW: form.show,
    state.MODELS_VIEW: models.show,
    state.COMPARE_VIEW: comparison.show,
}

if not has_tensorflow():
    st.info(
        "Training, importing models and adding weights need TensorFlow, which is not installed here: run "
        "`pip install -r requirements.txt` and restart the app. Models on this computer can be used."
    )
    models.show()
    st.stop()
state.apply_pending()
st.session_state.setdefault(state.VIEW_KEY, state.RUNS_VIEW if Run.all(paths.runs_dir()) else state.NEW_VIEW)
view = st.segmented_control(
    "View",
    tuple(_VIEWS),
    key=state.VIEW_KEY,
    required=True,
    label_visibility="collapsed",
    persist_state="session",
)
with st.container():  # always drawn, so that the elements below keep their place
    state.show_notice()
_VIEWS[view or state.RUNS_VIEW]()

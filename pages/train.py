"""Train: a data set and an architecture in; a run to watch, and a model to put in use, out."""

import streamlit as st

from fracture_core import places
from fracture_core.training.run import Run
from pages.parts import layout, train_compare, train_form, train_models, train_state, train_watch

_VIEWS = {
    train_state.RUNS: train_watch.show,
    train_state.NEW: train_form.show,
    train_state.MODELS: train_models.show,
    train_state.COMPARE: train_compare.show,
}

layout.title(
    "Train",
    "Train a published architecture on your own labelled films, watch it learn, and put the result in use. Films and "
    "models stay on this computer.",
)
train_state.apply()
st.session_state.setdefault(train_state.VIEW, train_state.RUNS if Run.all(places.runs()) else train_state.NEW)
view = st.segmented_control(
    "Part of the page",
    tuple(_VIEWS),
    key=train_state.VIEW,
    required=True,
    label_visibility="collapsed",
    persist_state="session",
)
with st.container():  # always there, so that nothing below changes its place when the notice goes
    train_state.show_notice()
_VIEWS[view or train_state.RUNS]()

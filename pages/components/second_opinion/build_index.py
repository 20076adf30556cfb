"""Building the index of a model's training films: asked for, watched and cancelled."""

import streamlit as st

from fracture_core import paths
from fracture_core.errors import SecondLookError
from fracture_core.registry.card import ModelCard
from fracture_core.similar.index_job import IndexJob
from pages.components.common import data_folder, job_progress


def show(card: ModelCard) -> None:
    """A button that looks at the training films, its progress, or why it failed."""
    job = IndexJob(paths.runs_dir() / ".neighbours" / card.weights.sha256[:16])
    state = job.state()
    if state.status == "running":
        job_progress.show(job)
        return
    if state.status == "finished":
        # What it made lies with the model.
        job.forget()
    if card.data is None:
        st.caption(
            "Its training films are unknown, for its weights were loaded: there is nothing to compare with."
        )
        return
    if state.status == "failed":
        st.error(state.message)
    st.markdown(
        "The training films of this model have not been looked at yet, so the nearest are not known. Name the data set "
        "it was trained on; the app then looks at each film once and keeps numbers, no pictures."
    )
    text = st.text_input(
        "Folder of the training data",
        key=f"folder of {card.id}",
        placeholder="such as /data/fracatlas",
        value=data_folder.named_folder(card),
    )
    if st.button("Look at the training films", key="similar build", disabled=not (text or "").strip()):
        try:
            job.start(card.id, data_folder.resolve_folder(text or ""))
        except SecondLookError as error:
            st.error(str(error))
            return
        st.rerun()

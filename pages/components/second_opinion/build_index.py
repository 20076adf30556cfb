"""Form that builds the index of a model's training images."""

import streamlit as st

from fracture_core import paths
from fracture_core.errors import SecondLookError
from fracture_core.registry.card import ModelCard
from fracture_core.similar.index_job import IndexJob
from pages.components.common import data_folder, job_progress, layout


def show(card: ModelCard) -> None:
    """Draw the form, the progress of a running job, or the error of the last one."""
    job = IndexJob(paths.runs_dir() / ".neighbours" / card.weights.sha256[:16])
    state = job.state()
    if state.status == "running":
        job_progress.show(job)
        return
    if state.status == "finished":
        job.forget()
    if card.data is None:
        st.caption("The training images of this model are not recorded, so there is nothing to compare with.")
        return
    if state.status == "failed":
        st.error(layout.escape_markdown(state.message))
    st.markdown(
        "To find similar training images, enter the folder of the dataset that the model was trained on. The app "
        "stores numbers computed from each image, not the images."
    )
    folder = st.text_input(
        "Training data folder",
        key=f"folder of {card.id}",
        placeholder="/data/fracatlas",
        value=data_folder.named_folder(card),
    )
    if st.button("Build index", key="similar build", disabled=not (folder or "").strip()):
        try:
            job.start(card.id, data_folder.resolve_folder(folder or ""))
        except SecondLookError as error:
            st.error(layout.escape_markdown(str(error)))
            return
        st.rerun()

"""A public dataset: its folder on this computer, or its licence and the download."""

import streamlit as st

from fracture_core import paths
from fracture_core.datasets import recent_folders
from fracture_core.download import PUBLIC_DATASETS, PublicDataset, local_datasets
from fracture_core.download.download_job import DownloadJob
from fracture_core.errors import SecondLookError
from fracture_core.io.file_size import format_file_size
from fracture_core.jobs.job import JobState
from pages.components.common import job_progress, layout


def choose_public_dataset() -> str:
    """Draw the choice of a public dataset; return its folder, "" while it is not on this computer."""
    rows = {row.name: row for row in PUBLIC_DATASETS}
    name = st.selectbox(
        "Public dataset",
        tuple(rows),
        format_func=lambda key: rows[key].title,
        key="train_public",
        persist_state="session",
    )
    row, root = rows[name], paths.runs_dir()
    folder, job = (
        local_datasets.find_local(row, root, recent_folders.recent_folders(root)),
        DownloadJob.for_dataset(root, row),
    )
    state = job.state()
    st.caption(_describe(row, folder is not None, state))
    if folder is not None:
        st.caption(
            f"Folder: {layout.escape_markdown(str(folder))}. Cite: {layout.escape_markdown(row.citation)}."
        )
        return str(folder)
    if state.status == "running":
        job_progress.show(job, _progress_text)
        return ""
    _show_licence(row, job, state)
    return ""


def _describe(row: PublicDataset, here: bool, state: JobState) -> str:
    status = (
        "On this computer" if here else "Downloading" if state.status == "running" else "Not downloaded yet"
    )
    return f"{status}. {layout.escape_markdown(row.words)}; {row.size_text}."


def _progress_text(state: JobState) -> str:
    return f"{format_file_size(state.done)} of {format_file_size(state.total)}"


def _show_licence(row: PublicDataset, job: DownloadJob, state: JobState) -> None:
    """Draw the licence, and the button that downloads the dataset once the user has agreed."""
    if state.status == "failed":
        st.error(layout.escape_markdown(state.message))
    elif state.status == "cancelled":
        st.info(layout.escape_markdown(state.message))
    url = f" ([text]({row.licence_url}))" if row.licence_url else ""
    st.markdown(
        f"**Licence:** {layout.escape_markdown(row.licence)}{url}  \n**Cite:** {layout.escape_markdown(row.citation)} "
        f" \n"
        f"**From:** [{layout.escape_markdown(row.page)}]({row.page})"
    )
    if row.source is None:
        st.info(
            f"{row.title} requires registration. Sign the agreement on its page, unpack the download, and choose the "
            "folder here."
        )
        return
    folder = local_datasets.default_folder(row, paths.runs_dir())
    agreed = st.checkbox(f"I agree to the licence of {row.title}", key=f"train_agree_{row.name}")
    if st.button(
        "Resume download" if state.status == "cancelled" else "Download",
        disabled=not agreed,
        key="train_fetch",
        help=f"Downloads from {row.page} to {folder}, verifies and unpacks it.",
    ):
        try:
            job.start(row, paths.runs_dir())
        except SecondLookError as error:
            st.error(layout.escape_markdown(str(error)))
            return
        st.rerun()
    st.caption(
        "The download continues when you leave this page and can be resumed. On the command line: "
        f"`python -m fracture_core data get {row.name}`."
    )

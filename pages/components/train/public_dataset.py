"""A public data set: where it is on this computer, or its terms and the way to fetch it."""

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
    """Asks for a set; its folder, "" while it is not here."""
    rows = {row.name: row for row in PUBLIC_DATASETS}
    name = st.selectbox(
        "Public data set",
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
    st.caption(_where(row, folder is not None, state))
    if folder is not None:
        st.caption(
            f"It lies in {layout.escape_markdown(str(folder))}. Cite: {layout.escape_markdown(row.citation)}."
        )
        return str(folder)
    if state.status == "running":
        job_progress.show(job, _fetched)
        return ""
    _offer(row, job, state)
    return ""


def _where(row: PublicDataset, here: bool, state: JobState) -> str:
    standing = (
        "On this computer" if here else "Being fetched" if state.status == "running" else "Not here yet"
    )
    return f"{standing}. {layout.escape_markdown(row.words)}; {row.size_text}."


def _fetched(state: JobState) -> str:
    return f"{format_file_size(state.done)} of {format_file_size(state.total)}"


def _offer(row: PublicDataset, job: DownloadJob, state: JobState) -> None:
    """The terms, and the button that fetches the set once they are agreed to."""
    if state.status == "failed":
        st.error(state.message)
    elif state.status == "cancelled":
        st.info(state.message)
    url = f" ([its text]({row.licence_url}))" if row.licence_url else ""
    st.markdown(
        f"**Licence:** {layout.escape_markdown(row.licence)}{url}  \n**Cite:** {layout.escape_markdown(row.citation)} "
        f" \n"
        f"**From:** [{layout.escape_markdown(row.page)}]({row.page})"
    )
    if row.source is None:
        st.info(
            f"{row.title} is given to those who register: sign its agreement on its page, unpack what you get, and "
            "choose that folder here."
        )
        return
    folder = local_datasets.default_folder(row, paths.runs_dir())
    agreed = st.checkbox(f"I agree to the licence of {row.title}", key=f"train_agree_{row.name}")
    if st.button(
        "Go on fetching it" if state.status == "cancelled" else "Fetch it",
        disabled=not agreed,
        key="train_fetch",
        help=f"Fetched from {row.page} to {folder}, verified and unpacked.",
    ):
        try:
            job.start(row, paths.runs_dir())
        except SecondLookError as error:
            st.error(str(error))
            return
        st.rerun()
    st.caption(
        "Fetching goes on when you leave this page and is taken up where it was broken off. On the command line: "
        f"`python -m fracture_core data get {row.name}`."
    )

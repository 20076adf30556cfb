"""A public data set: where it is on this computer, or its terms and the way to fetch it."""

import streamlit as st

from fracture_core import places
from fracture_core.data import remembered
from fracture_core.data.download import SETS, PublicSet, kept
from fracture_core.data.download.job import Job
from fracture_core.data.download.size import readable
from fracture_core.errors import SecondLookError
from fracture_core.job import State
from pages.parts import job_watch, layout


def choose() -> str:
    """Asks for a set; its folder, "" while it is not here."""
    rows = {row.name: row for row in SETS}
    name = st.selectbox(
        "Public data set",
        tuple(rows),
        format_func=lambda key: rows[key].title,
        key="train_public",
        persist_state="session",
    )
    row, root = rows[name], places.runs()
    folder, job = kept.here(row, root, remembered.folders(root)), Job.of(root, row)
    state = job.state()
    st.caption(_where(row, folder is not None, state))
    if folder is not None:
        st.caption(f"It lies in {layout.plain(str(folder))}. Cite: {layout.plain(row.citation)}.")
        return str(folder)
    if state.status == "running":
        job_watch.show(job, _fetched)
        return ""
    _offer(row, job, state)
    return ""


def _where(row: PublicSet, here: bool, state: State) -> str:
    standing = (
        "On this computer" if here else "Being fetched" if state.status == "running" else "Not here yet"
    )
    return f"{standing}. {layout.plain(row.words)}; {row.size_words}."


def _fetched(state: State) -> str:
    return f"{readable(state.done)} of {readable(state.every)}"


def _offer(row: PublicSet, job: Job, state: State) -> None:
    """The terms, and the button that fetches the set once they are agreed to."""
    if state.status == "failed":
        st.error(state.what)
    elif state.status == "cancelled":
        st.info(state.what)
    url = f" ([its text]({row.licence_url}))" if row.licence_url else ""
    st.markdown(
        f"**Licence:** {layout.plain(row.licence)}{url}  \n**Cite:** {layout.plain(row.citation)}  \n"
        f"**From:** [{layout.plain(row.page)}]({row.page})"
    )
    if row.source is None:
        st.info(
            f"{row.title} is given to those who register: sign its agreement on its page, unpack what you get, and "
            "choose that folder here."
        )
        return
    folder = kept.usual(row, places.runs())
    agreed = st.checkbox(f"I agree to the licence of {row.title}", key=f"train_agree_{row.name}")
    if st.button(
        "Go on fetching it" if state.status == "cancelled" else "Fetch it",
        disabled=not agreed,
        key="train_fetch",
        help=f"Fetched from {row.page} to {folder}, verified and unpacked.",
    ):
        try:
            job.start(row, places.runs())
        except SecondLookError as error:
            st.error(str(error))
            return
        st.rerun()
    st.caption(
        "Fetching goes on when you leave this page and is taken up where it was broken off. On the command line: "
        f"`python -m fracture_core data get {row.name}`."
    )

"""A data set that comes as a zip through the browser."""

from pathlib import Path

import streamlit as st

from fracture_core import paths
from fracture_core.datasets import uploaded_datasets
from fracture_core.errors import SecondLookError
from fracture_core.runs import process
from pages.components.common import boundary, layout

# Under these names the session keeps what is chosen.
_CHOSEN, _GENERATION, _SURE = "train_uploaded", "train_upload_generation", "train_upload_sure"
# The zip that was refused, by the number of its upload, with the reason: it stays in the uploader at each click.
_REFUSED = "train_upload_refused"


def choose_upload() -> str:
    """Asks for a zip, or one that was uploaded before; the folder of its films, "" while there is none."""
    here = uploaded_datasets.uploaded_folders(paths.runs_dir())
    # A new key empties the uploader: what is unpacked need not stay in memory.
    dropped = st.file_uploader(
        "Zip with labelled films",
        type="zip",
        key=f"train_zip_{st.session_state.get(_GENERATION, 0)}",
        help="Laid out like a folder of films: one folder a class, or a manifest.",
    )
    if dropped is not None:
        _take(dropped)
    if not here:
        st.caption(
            f"A zip of at most {uploaded_datasets.MAX_UPLOAD_MB} MB is unpacked on the computer this app runs on, and "
            f"stays there until "
            "you delete it. Larger sets: unpack them yourself and choose the folder."
        )
        return ""
    names = {str(folder): folder.name for folder in here}
    if st.session_state.get(_CHOSEN) not in names:
        st.session_state.pop(_CHOSEN, None)
    chosen = st.selectbox(
        "Uploaded set",
        tuple(names),
        format_func=names.__getitem__,
        key=_CHOSEN,
        persist_state="session",
    )
    _deletion(Path(chosen))
    return chosen


def _take(dropped) -> None:
    upload_id, why = st.session_state.get(_REFUSED, ("", ""))
    if upload_id == dropped.file_id:
        st.error(why)
        return
    try:
        with st.spinner("Unpacking and looking at it …"):
            folder = uploaded_datasets.add_uploaded(dropped, dropped.name, paths.runs_dir())
    except SecondLookError as error:
        st.session_state[_REFUSED] = (dropped.file_id, str(error))
        st.error(str(error))
        return
    st.session_state[_CHOSEN] = str(folder)
    st.session_state[_GENERATION] = st.session_state.get(_GENERATION, 0) + 1
    st.rerun()


def _deletion(folder: Path) -> None:
    """Deletes the set after a second question."""
    used = any(
        uploaded_datasets.is_used_by(config.data, folder)
        for config in process.active_and_waiting(paths.runs_dir())
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.session_state.get(_SURE) != str(folder):
            st.caption(f"Its films lie in {layout.escape_markdown(str(folder))}.", width="content")
            st.button(
                "Delete these films",
                on_click=boundary.callback(_ask),
                args=(str(folder),),
                disabled=used,
                type="tertiary",
                key="train_upload_delete",
                help="A training is at work on them, or waits to be." if used else None,
            )
            return
        st.markdown(
            f"Delete the films of {layout.escape_markdown(folder.name)}? Runs on them cannot be resumed then."
        )
        if st.button("Delete them", key="train_upload_really", disabled=used):
            try:
                uploaded_datasets.delete_uploaded(folder, paths.runs_dir())
            except SecondLookError as error:
                st.error(str(error))
                return
            _ask("")
            st.rerun()
        st.button("Keep them", on_click=boundary.callback(_ask), args=("",), key="train_upload_keep")


def _ask(folder: str) -> None:
    st.session_state[_SURE] = folder

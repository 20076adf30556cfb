"""A dataset uploaded as a zip."""

from pathlib import Path

import streamlit as st

from fracture_core import paths
from fracture_core.datasets import uploaded_datasets
from fracture_core.errors import SecondLookError
from fracture_core.runs import process
from pages.components.common import boundary, layout

# Keys of the session state.
_CHOSEN, _GENERATION, _CONFIRM = "train_uploaded", "train_upload_generation", "train_upload_sure"
# Upload id and error of a refused zip, which stays in the uploader.
_REFUSED = "train_upload_refused"


def choose_upload() -> str:
    """Draw the upload and the choice of an uploaded dataset; return its folder, "" if there is none."""
    uploaded = uploaded_datasets.uploaded_folders(paths.runs_dir())
    # A new key empties the uploader, so that an unpacked zip does not stay in memory.
    file = st.file_uploader(
        "Zip with labelled images",
        type="zip",
        key=f"train_zip_{st.session_state.get(_GENERATION, 0)}",
        help="Same layouts as a folder: one folder per class, or a manifest.",
    )
    if file is not None:
        _unpack(file)
    if not uploaded:
        st.caption(
            f"At most {uploaded_datasets.MAX_UPLOAD_MB} MB. The zip is unpacked on the computer that runs this app and "
            "stays there until you delete it. Unpack a larger dataset yourself and choose its folder."
        )
        return ""
    names = {str(folder): folder.name for folder in uploaded}
    if st.session_state.get(_CHOSEN) not in names:
        st.session_state.pop(_CHOSEN, None)
    chosen = st.selectbox(
        "Uploaded dataset",
        tuple(names),
        format_func=names.__getitem__,
        key=_CHOSEN,
        persist_state="session",
    )
    _show_deletion(Path(chosen))
    return chosen


def _unpack(file) -> None:
    upload_id, message = st.session_state.get(_REFUSED, ("", ""))
    if upload_id == file.file_id:
        st.error(layout.escape_markdown(message))
        return
    try:
        with st.spinner("Unpacking and reading the dataset …"):
            folder = uploaded_datasets.add_uploaded(file, file.name, paths.runs_dir())
    except SecondLookError as error:
        st.session_state[_REFUSED] = (file.file_id, str(error))
        st.error(layout.escape_markdown(str(error)))
        return
    st.session_state[_CHOSEN] = str(folder)
    st.session_state[_GENERATION] = st.session_state.get(_GENERATION, 0) + 1
    st.rerun()


def _show_deletion(folder: Path) -> None:
    """Draw the button that deletes the dataset after a confirmation."""
    used = any(
        uploaded_datasets.is_used_by(config.data, folder)
        for config in process.active_and_waiting(paths.runs_dir())
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.session_state.get(_CONFIRM) != str(folder):
            st.caption(f"Folder: {layout.escape_markdown(str(folder))}", width="content")
            st.button(
                "Delete dataset",
                on_click=boundary.callback(_set_confirmation),
                args=(str(folder),),
                disabled=used,
                type="tertiary",
                key="train_upload_delete",
                help="An active or waiting training uses it." if used else None,
            )
            return
        st.markdown(f"Delete {layout.escape_markdown(folder.name)}? Runs that use it cannot be resumed.")
        if st.button("Delete", key="train_upload_really", disabled=used):
            try:
                uploaded_datasets.delete_uploaded(folder, paths.runs_dir())
            except SecondLookError as error:
                st.error(layout.escape_markdown(str(error)))
                return
            _set_confirmation("")
            st.rerun()
        st.button(
            "Cancel", on_click=boundary.callback(_set_confirmation), args=("",), key="train_upload_keep"
        )


def _set_confirmation(folder: str) -> None:
    st.session_state[_CONFIRM] = folder

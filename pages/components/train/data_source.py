"""Which films to train on: a folder, a public set, a zip, or synthetic ones; what is in them, and on which split."""

from collections.abc import Callable

import streamlit as st

from fracture_core import paths
from fracture_core.audit import html_report
from fracture_core.datasets import recent_folders
from fracture_core.errors import SecondLookError
from fracture_core.file_names import escape_name
from pages.components.common.data_folder import resolve_folder
from pages.components.train import audit_summary, contents, public_dataset, synthetic, upload
from pages.components.train import folder as train_folder
from pages.components.train.dataset_preview import DatasetPreview, UnusableDatasetError, preview_dataset

_FOLDER, _SYNTHETIC = "A folder", "Synthetic films"

_SOURCES: dict[str, Callable[[], str]] = {
    _FOLDER: train_folder.choose_folder,
    "A public set": public_dataset.choose_public_dataset,
    "A zip": upload.choose_upload,
    _SYNTHETIC: synthetic.choose_synthetic,
}

# Under this name the session keeps what is chosen.
_SOURCE = "train_source"


def choose_folder(folder: str) -> None:
    """Chooses a folder for the next time the page is drawn."""
    st.session_state[_SOURCE] = _FOLDER
    train_folder.set_folder(folder)


def choose_data() -> DatasetPreview | None:
    """Asks for the films.

    Returns:
        What was chosen; None where there is nothing yet to train on, and a sentence says why.
    """
    st.html(html_report.STYLESHEET)
    st.session_state.setdefault(_SOURCE, _FOLDER)
    source = st.segmented_control(
        "Source of the films",
        tuple(_SOURCES),
        required=True,
        label_visibility="collapsed",
        key=_SOURCE,
        persist_state="session",
    )
    folder = _SOURCES[source or _FOLDER]()
    if not folder:
        return None
    try:
        found = _on_a_split(folder)
    except SecondLookError as error:
        st.error(str(error))
        return None
    if found is not None:
        if source == _FOLDER:
            recent_folders.remember_folder(paths.runs_dir(), str(resolve_folder(folder)))
        contents.show(found)
    return found


def _on_a_split(folder: str) -> DatasetPreview | None:
    """The films of a folder, on the split that the user chooses; None where they cannot be trained on as they are.

    Raises:
        SecondLookError: it is no data set.
    """
    root, found = escape_name(str(resolve_folder(folder))), None
    try:
        found = _look(root)
        st.markdown(found.sentence)
    except UnusableDatasetError as error:
        st.error(str(error))
    chosen = audit_summary.show(root)
    return found if chosen == root else _look(chosen)


def is_synthetic() -> bool:
    """Whether synthetic films are chosen."""
    return st.session_state.get(_SOURCE) == _SYNTHETIC


@st.cache_data(ttl=60, show_spinner="Looking at the folder …")
def _look(folder: str) -> DatasetPreview:
    """Kept for a minute: every change of a setting asks again."""
    return preview_dataset(folder)

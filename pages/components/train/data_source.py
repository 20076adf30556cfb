"""Choice of the dataset: a folder, a public dataset, a zip or synthetic images; its contents and its split."""

import os
from collections.abc import Callable

import streamlit as st

from fracture_core import paths
from fracture_core.audit import html_report
from fracture_core.datasets import recent_folders
from fracture_core.datasets.layouts import LAYOUTS
from fracture_core.errors import SecondLookError
from fracture_core.file_names import escape_name, resolve_name
from pages.components.common import access, boundary, layout
from pages.components.common.data_folder import resolve_folder
from pages.components.train import audit_summary, contents, public_dataset, synthetic, upload
from pages.components.train.dataset_preview import DatasetPreview, UnusableDatasetError, preview_dataset

_FOLDER, _SYNTHETIC = "Folder", "Synthetic"

# Keys of the session.
_SOURCE, _TYPED, _RECENT = "train_source", "train_folder", "train_folder_before"


def choose_folder(folder: str) -> None:
    """Choose a folder before the page is drawn again."""
    st.session_state[_SOURCE] = _FOLDER
    st.session_state[_TYPED] = folder


def choose_data() -> DatasetPreview | None:
    """Draw the choice of the dataset.

    Returns:
        The dataset; None while there is none to train on, with a message that states why.
    """
    st.html(html_report.STYLESHEET)
    st.session_state.setdefault(_SOURCE, _FOLDER)
    source = st.segmented_control(
        "Source of the dataset",
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
        dataset = _choose_split(folder)
    except SecondLookError as error:
        st.error(layout.escape_markdown(str(error)))
        return None
    if dataset is not None:
        if source == _FOLDER:
            recent_folders.remember_folder(paths.runs_dir(), str(resolve_folder(folder)))
        contents.show(dataset)
    return dataset


def is_synthetic() -> bool:
    """Whether synthetic images are chosen."""
    return st.session_state.get(_SOURCE) == _SYNTHETIC


def _enter_folder() -> str:
    """Draw the field for a folder of this computer; return "" while it is empty."""
    recent = [
        name
        for name in recent_folders.recent_folders(paths.runs_dir())
        if access.is_allowed_folder(resolve_name(name).resolve())
    ]
    st.session_state.setdefault(_TYPED, os.environ.get("SECOND_LOOK_DATASET") or next(iter(recent), ""))
    left, right = st.columns([3, 1]) if recent else (st.container(), None)
    folder = left.text_input(
        "Dataset folder",
        placeholder="/home/you/dataset",
        key=_TYPED,
        persist_state="session",
        help="Full path of a folder or manifest on the computer that runs this app.",
    ).strip()
    if right is not None:
        right.selectbox(
            "Recent folders",
            recent,
            index=None,
            placeholder="Choose",
            key=_RECENT,
            on_change=boundary.callback(_use_recent),
        )
    if not folder:
        with st.expander("Supported layouts"):
            st.markdown("\n".join(f"- {row.words}" for row in LAYOUTS))
    return folder


def _use_recent() -> None:
    chosen = st.session_state.get(_RECENT)
    if chosen:
        choose_folder(chosen)
        st.session_state[_RECENT] = None


_SOURCES: dict[str, Callable[[], str]] = {
    _FOLDER: _enter_folder,
    "Public dataset": public_dataset.choose_public_dataset,
    "Zip upload": upload.choose_upload,
    _SYNTHETIC: synthetic.choose_synthetic,
}


def _choose_split(folder: str) -> DatasetPreview | None:
    """Describe a dataset on the split that the user chooses; None if it cannot be trained on as it is split.

    Raises:
        SecondLookError: it is not a dataset.
    """
    root, dataset = escape_name(str(resolve_folder(folder))), None
    try:
        dataset = _preview(root)
        st.markdown(layout.escape_markdown(dataset.sentence))
    except UnusableDatasetError as error:
        st.error(layout.escape_markdown(str(error)))
    chosen = audit_summary.show(root)
    return dataset if chosen == root else _preview(chosen)


@st.cache_data(ttl=60, show_spinner="Reading the folder …")
def _preview(folder: str) -> DatasetPreview:
    """Cached for a minute, because every change of a setting calls it again."""
    return preview_dataset(folder)

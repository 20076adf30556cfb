"""A folder of films on this computer, typed or chosen from those used before."""

import os

import streamlit as st

from fracture_core import paths
from fracture_core.datasets import recent_folders
from fracture_core.datasets.layouts import LAYOUTS
from pages.components.common import boundary

# Under these names the session keeps what is chosen.
_TYPED, _BEFORE = "train_folder", "train_folder_before"


def set_folder(folder: str) -> None:
    """Chooses a folder for the next time the page is drawn."""
    st.session_state[_TYPED] = folder


def choose_folder() -> str:
    """Asks for a folder; "" while there is none."""
    before = recent_folders.recent_folders(paths.runs_dir())
    st.session_state.setdefault(_TYPED, os.environ.get("SECOND_LOOK_DATASET") or next(iter(before), ""))
    left, right = st.columns([3, 1]) if before else (st.container(), None)
    folder = left.text_input(
        "Folder of labelled films",
        placeholder="/home/you/films",
        key=_TYPED,
        persist_state="session",
        help="The full path on the computer this app runs on. Press Enter to have it looked at.",
    ).strip()
    if right is not None:
        right.selectbox(
            "Used before",
            before,
            index=None,
            placeholder="Choose",
            key=_BEFORE,
            on_change=boundary.callback(_take_again),
        )
    if not folder:
        known = "\n".join(f"- {row.words}" for row in LAYOUTS)
        st.caption(f"Folders it understands:\n{known}")
    return folder


def _take_again() -> None:
    chosen = st.session_state.get(_BEFORE)
    if chosen:
        set_folder(chosen)
        st.session_state[_BEFORE] = None

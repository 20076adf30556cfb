"""Which films to train on: a folder of this computer, or synthetic ones made here."""

import os
import threading
from pathlib import Path

import streamlit as st

from fracture_core import places
from fracture_core.data.layouts import LAYOUTS
from fracture_core.data.phantom import SetSettings, write_set
from fracture_core.errors import SecondLookError
from pages.parts import audit_jobs
from pages.parts.train_sets import Look, look

_FOLDER, _SYNTHETIC = "A folder", "Synthetic films"

# Under these names the session keeps what is chosen.
_SOURCE, _TYPED = "train_source", "train_folder"

_COUNTS = (120, 240, 400, 800)
_DIFFICULTIES = {"easy": "Easy, a small network learns from it", "realistic": "As in practice"}

# Drawn last, so it tells a complete set from one that was broken off.
_LAST = "boxes.csv"

# Two users who ask for the same set in the same moment would write into each other's files.
_WRITING = threading.Lock()


def take(folder: str) -> None:
    """Chooses a folder for the next time the page is drawn."""
    st.session_state[_SOURCE] = _FOLDER
    st.session_state[_TYPED] = folder


def choose() -> Look | None:
    """Asks for the films.

    Returns:
        What was chosen; None where there is nothing yet to train on, and a sentence says why.
    """
    st.session_state.setdefault(_SOURCE, _FOLDER)
    source = st.segmented_control(
        "Source of the films",
        (_FOLDER, _SYNTHETIC),
        required=True,
        label_visibility="collapsed",
        key=_SOURCE,
        persist_state="session",
    )
    folder = _synthetic() if source == _SYNTHETIC else _folder()
    if not folder:
        return None
    try:
        found = _look(folder)
    except SecondLookError as error:
        st.error(str(error))
        return None
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(found.sentence)
        if st.button("Audit these films first", type="tertiary", key="train_audit"):
            st.session_state[audit_jobs.FOLDER] = found.folder
            st.switch_page("pages/audit.py")
    return found


def synthetic() -> bool:
    """Whether synthetic films are chosen."""
    return st.session_state.get(_SOURCE) == _SYNTHETIC


def _folder() -> str:
    st.session_state.setdefault(_TYPED, os.environ.get("SECOND_LOOK_DATASET", ""))
    folder = st.text_input(
        "Folder of labelled films",
        placeholder="/home/you/films",
        key=_TYPED,
        persist_state="session",
        help="The full path on the computer this app runs on. Press Enter to have it looked at.",
    )
    if not folder.strip():
        known = "\n".join(f"- {row.words}" for row in LAYOUTS)
        st.caption(f"Folders it understands:\n{known}")
    return folder.strip()


def _synthetic() -> str:
    """The folder of a synthetic set, "" until it is made."""
    left, middle, right = st.columns(3)
    difficulty = middle.selectbox(
        "Fractures",
        tuple(_DIFFICULTIES),
        format_func=_DIFFICULTIES.__getitem__,
        key="train_phantom_difficulty",
        persist_state="session",
        help="Easy films show wide fractures close up, without markers, and each limb once intact and once broken.",
    )
    count = left.selectbox(
        "How many",
        _COUNTS,
        index=_COUNTS.index(400),
        key="train_phantoms",
        persist_state="session",
        width="stretch",
    )
    seed = right.number_input(
        "Seed of the films",
        min_value=0,
        max_value=999,
        value=0,
        key="train_phantom_seed",
        persist_state="session",
        help="Another seed gives other films.",
    )
    st.caption(
        "Computed images that show no person. They serve to try the training out; a model trained on them says "
        "nothing about patients. Making them takes about a quarter of a second a film, once."
    )
    settings = SetSettings(int(count), int(seed), difficulty=difficulty)
    folder = places.runs() / f"synthetic-{difficulty}-{count}-{seed}"
    if (folder / _LAST).is_file():
        return str(folder)
    if st.button(f"Make {count} films"):
        _make(folder, settings)
        st.rerun()
    return ""


def _make(folder: Path, settings: SetSettings) -> None:
    bar = st.progress(0.0, text="Drawing the first film")

    def show(done: int, every: int) -> None:
        bar.progress(done / every, text=f"Drawing: {done} of {every} films")

    with _WRITING:
        write_set(folder, settings, show)


@st.cache_data(ttl=60, show_spinner="Looking at the folder …")
def _look(folder: str) -> Look:
    """Kept for a minute: every change of a setting asks again."""
    return look(folder)

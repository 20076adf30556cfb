"""Which films to train on: a folder, a public set, a zip, or synthetic ones; what is in them, and on which split."""

from collections.abc import Callable

import streamlit as st

from fracture_core import places
from fracture_core.data import remembered
from fracture_core.data.audit import html
from fracture_core.errors import SecondLookError
from fracture_core.file_names import escape_name
from pages.parts import (
    train_audit,
    train_contents,
    train_folder,
    train_public,
    train_synthetic,
    train_upload,
)
from pages.parts.folder import resolved
from pages.parts.train_sets import Look, UnfitError, look

_FOLDER, _SYNTHETIC = "A folder", "Synthetic films"

_SOURCES: dict[str, Callable[[], str]] = {
    _FOLDER: train_folder.choose,
    "A public set": train_public.choose,
    "A zip": train_upload.choose,
    _SYNTHETIC: train_synthetic.choose,
}

# Under this name the session keeps what is chosen.
_SOURCE = "train_source"


def take(folder: str) -> None:
    """Chooses a folder for the next time the page is drawn."""
    st.session_state[_SOURCE] = _FOLDER
    train_folder.take(folder)


def choose() -> Look | None:
    """Asks for the films.

    Returns:
        What was chosen; None where there is nothing yet to train on, and a sentence says why.
    """
    st.html(html.STYLE)
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
            remembered.remember(places.runs(), str(resolved(folder)))
        train_contents.show(found)
    return found


def _on_a_split(folder: str) -> Look | None:
    """The films of a folder, on the split that the user chooses; None where they cannot be trained on as they are.

    Raises:
        SecondLookError: it is no data set.
    """
    root, found = escape_name(str(resolved(folder))), None
    try:
        found = _look(root)
        st.markdown(found.sentence)
    except UnfitError as error:
        st.error(str(error))
    chosen = train_audit.show(root)
    return found if chosen == root else _look(chosen)


def synthetic() -> bool:
    """Whether synthetic films are chosen."""
    return st.session_state.get(_SOURCE) == _SYNTHETIC


@st.cache_data(ttl=60, show_spinner="Looking at the folder …")
def _look(folder: str) -> Look:
    """Kept for a minute: every change of a setting asks again."""
    return look(folder)

"""Folders as users type or paste them, and the one that holds the data set of a model."""

import os
from pathlib import Path

import streamlit as st

from fracture_core.datasets.layouts import candidate_roots
from fracture_core.errors import DataError
from fracture_core.file_names import escape_name, resolve_name
from fracture_core.registry.card import ModelCard


def resolve_folder(text: str) -> Path:
    """The whole path that a text means.

    Args:
        text: with or without quotes, “~” and the folders above.

    Raises:
        DataError: no path can be called that.
    """
    try:
        return resolve_name(Path(text.strip().strip("\"'")).expanduser()).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # no such home, a name no file can have
        raise DataError(
            f"Expected the path of a folder, but got {text!r} ({error}): check the path."
        ) from error


def choose_folder(card: ModelCard, film: str) -> Path | None:
    """Asks where the data set of a model lies; None, with a sentence, where it does not lie there.

    Args:
        card: of the model.
        film: the path of one of its films below the folder.
    """
    st.session_state.setdefault(_key(card), _default())
    text = st.text_input(
        "Folder of the data set on this computer",
        key=_key(card),
        placeholder="such as /data/fracatlas; the numbers need no films",
        help="Films are read from here when they are shown. They are kept in memory only and go nowhere.",
        persist_state="session",
    )
    try:
        return folder_holding(text or "", film)
    except DataError as error:
        st.warning(str(error))
        return None


def known_folder(card: ModelCard, film: str) -> Path | None:
    """Where the data set of a model lies, if that is settled; without asking."""
    try:
        return folder_holding(named_folder(card), film)
    except DataError:
        return None


def named_folder(card: ModelCard) -> str:
    """What the user or the environment named as the folder of a model's data set; empty where neither did."""
    return st.session_state.get(_key(card), _default()) or ""


def folder_holding(text: str, film: str) -> Path | None:
    """The data folder that a user named, None where none is named.

    Args:
        text: what was typed.
        film: what should lie there.

    Raises:
        DataError: it does not; the message names the film.
    """
    if not text.strip():
        return None
    root = resolve_name(text.strip().strip("\"'"))
    found = None
    try:
        root = root.expanduser()
        found = next(
            (folder for folder in candidate_roots(root) if resolve_name(folder / film).is_file()), None
        )
    except (OSError, RuntimeError, ValueError):  # no rights, no such home, a name no file can have
        pass
    if found is None:
        raise DataError(
            f"Expected the film {film} in {root}, but it is not there: name the folder that holds the data set this "
            "model was trained and tested on."
        )
    # Escaped, because it is a key of caches; `resolve_name` finds the file again.
    return Path(escape_name(str(found)))


def _key(card: ModelCard) -> str:
    """All pages ask for the folder under this key, so that it is told once."""
    return f"failures_folder {card.id}"


def _default() -> str:
    """Where the environment says that the data set lies; empty where it says nothing."""
    return os.environ.get("SECOND_LOOK_DATASET", "")

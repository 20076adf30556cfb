"""The dataset folder of a model, as the user enters it."""

import os
from collections.abc import Iterator
from pathlib import Path

import streamlit as st

from fracture_core import paths
from fracture_core.datasets import recent_folders
from fracture_core.datasets.layouts import candidate_roots, read_catalogue
from fracture_core.errors import DataError
from fracture_core.file_names import escape_name, resolve_name
from fracture_core.registry.card import ModelCard
from pages.components.common import access, layout


def resolve_folder(text: str) -> Path:
    """Return the absolute path of a folder that the user entered.

    Args:
        text: the path, with or without quotes; relative or with “~”.

    Raises:
        DataError: the text is not a valid path, or the app may not read it.
    """
    try:
        folder = resolve_name(Path(text.strip().strip("\"'")).expanduser()).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # unknown home folder, invalid name
        raise DataError(f"{text!r} is not a valid path ({error}). Check the path.") from error
    access.check_folder(folder)
    return folder


def choose_folder(card: ModelCard, image: str) -> Path | None:
    """Draw the input of the dataset folder; returns the folder, or None, with a warning, if it is not valid.

    Args:
        card: card of the model.
        image: path of one of its images, relative to the folder.
    """
    _fill_in(card, image)
    text = st.text_input(
        "Dataset folder",
        key=_key(card),
        placeholder="for example /data/fracatlas",
        help="A folder on this computer. Images are read from it when they are displayed, and are not copied.",
        persist_state="session",
    )
    try:
        folder = folder_holding(text or "", image)
    except DataError as error:
        st.warning(layout.escape_markdown(str(error)))
        return None
    if folder is not None:
        recent_folders.remember_folder(paths.runs_dir(), str(resolve_folder(text)))
    return folder


def known_folder(card: ModelCard, image: str) -> Path | None:
    """Return the valid dataset folder of a model without drawing an input; None if there is none."""
    _fill_in(card, image)
    try:
        return folder_holding(named_folder(card), image)
    except DataError:
        return None


def named_folder(card: ModelCard) -> str:
    """Return the folder that the user entered or that was filled in; "" for none."""
    return st.session_state.get(_key(card), os.environ.get("SECOND_LOOK_DATASET", "")) or ""


def folder_holding(text: str, image: str) -> Path | None:
    """Return the folder that contains an image: the one that the user entered, or one below it.

    Args:
        text: the folder as entered.
        image: path of the image, relative to the folder.

    Returns:
        The folder; None if the text is empty.

    Raises:
        DataError: the folder does not contain the image, or the app may not read it.
    """
    if not text.strip():
        return None
    root = resolve_name(text.strip().strip("\"'"))
    resolve_folder(text)  # before anything is looked up there
    folder = None
    try:
        root = root.expanduser()
        folder = next((path for path in _roots(root) if resolve_name(path / image).is_file()), None)
    except (OSError, RuntimeError, ValueError):  # no permission, unknown home folder, invalid name
        pass
    if folder is None:
        raise DataError(
            f"{root} does not contain the image {image}. Enter the folder of the dataset that this model was "
            "trained and tested on."
        )
    # Escaped, because it is a cache key; `resolve_name` restores it.
    return Path(escape_name(str(folder)))


def _roots(root: Path) -> Iterator[Path]:
    """Yield the folders that a path may be relative to; for a manifest also that of the dataset it was made from."""
    yield from candidate_roots(root)
    if root.is_file():
        source = _manifest_root(escape_name(str(root)), root.stat().st_mtime)
        if source is not None and access.is_allowed_folder(source.resolve()):
            yield source


@st.cache_data(max_entries=32, show_spinner=False)
def _manifest_root(manifest: str, changed: float) -> Path | None:
    """Return the root of the dataset that a manifest lists; None if it cannot be read."""
    try:
        return read_catalogue(resolve_name(manifest)).root
    except DataError:
        return None


def _key(card: ModelCard) -> str:
    """Session key of the folder; the same on all pages."""
    return f"failures_folder {card.id}"


def _fill_in(card: ModelCard, image: str) -> None:
    """Fill in the folder once per session: that of the environment, or the most recent one that contains the image."""
    if _key(card) in st.session_state:
        return
    named = os.environ.get("SECOND_LOOK_DATASET", "")
    names = [named, *recent_folders.recent_folders(paths.runs_dir())]
    st.session_state[_key(card)] = next((name for name in names if _holds(name, image)), named)


def _holds(text: str, image: str) -> bool:
    try:
        return folder_holding(text, image) is not None
    except DataError:
        return False

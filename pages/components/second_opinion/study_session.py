"""The study of a session, kept in memory only."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from fracture_core.imaging.dropped_files import DroppedFile
from fracture_core.imaging.study_images import StudyImages
from fracture_core.inference.fair_pool import shared_pool
from fracture_core.inference.study import Study, StudyImage
from fracture_core.io.freed_memory import return_free_memory
from fracture_core.registry.card import ModelCard
from pages.components.common import resources

_READING, _GENERATION = "reading", "study generation"

_IMAGES, _LOST, _FORGOTTEN, _UPLOADS = "study images", "study lost", "forgotten", "study uploads"

#: URL parameter while a study is open. Unlike the session, it survives a restart of the server.
_MARK = "study"

# Seconds until the run that replaces the uploaders has ended.
_COLLECT_AFTER = 2.0

# Prefixes of session keys that do not belong to the study.
_KEPT_PREFIXES = ("failures", "audit", "train", "published", "arrived", "page")


def current_study(films: Sequence[DroppedFile], card: ModelCard) -> Study:
    """Analyse the images of this session in the background.

    Answers are kept for images that remain in the study and deleted for those that were removed.

    Args:
        films: images of the study.
        card: card of the model.
    """
    model = f"{card.id} {card.weights.sha256}"
    found: Study | None = st.session_state.get(_READING)
    if found is None or found.model != model:
        end_study()
        found = st.session_state[_READING] = _new_study(card, model)
    st.session_state.pop(_FORGOTTEN, None)
    found.set_images(films)
    return found


def stop_analysis() -> None:
    """Stop the analysis of this session's study. Like all callbacks here it has no arguments that hold images.

    Streamlit keeps the arguments of callbacks until the session ends, also after the widget is gone.
    """
    _study().cancel()


def continue_analysis() -> None:
    """Analyse the images that were not analysed when the analysis was stopped."""
    _study().resume()


def answer_anyway(key: str) -> None:
    """Analyse an image although it is out of scope.

    Args:
        key: key of the image.
    """
    for image in study_images():
        if image.key == key:
            _study().answer_anyway(image)


def study_images() -> list[StudyImage]:
    """The images of this session's study with their answers; empty without a study."""
    found: Study | None = st.session_state.get(_READING)
    return found.images() if found is not None else []


def _study() -> Study:
    study: Study = st.session_state[_READING]
    return study


def _new_study(card: ModelCard, model: str) -> Study:
    """A study whose verdicts do not wait for heatmaps that need the background process."""
    predictor = resources.load_predictor(card)
    if predictor.has_heatmap:
        return Study(predictor.predict, model, pool=shared_pool())
    predictor.start_explainer()
    return Study(partial(predictor.predict, heatmap=False), model, predictor.with_heatmap, shared_pool())


def end_study() -> None:
    """Stop the analysis and delete its answers."""
    found: Study | None = st.session_state.pop(_READING, None)
    if found is not None:
        found.set_images([])


def images() -> StudyImages:
    """The images of this session's study."""
    return st.session_state.setdefault(_IMAGES, StudyImages())


def begin_session() -> None:
    """Find out whether the study of an earlier session was lost, at the first run of a session.

    When the server restarts, the browser still shows the file names, but the images are gone from memory. New widget
    keys then empty the uploaders in the browser too.
    """
    if _GENERATION in st.session_state:
        return
    mark = st.query_params.get(_MARK, "")
    st.session_state[_GENERATION] = int(mark[:9]) + 1 if mark[:9].isdecimal() else 0
    st.session_state[_LOST] = bool(mark)


def mark(uploaded: bool) -> None:
    """Record in the URL whether a study of uploaded images is open; nothing about the images.

    Args:
        uploaded: whether a study is open.
    """
    if uploaded:
        st.session_state[_LOST] = False
        if st.query_params.get(_MARK) != str(generation()):
            st.query_params[_MARK] = str(generation())
    elif _MARK in st.query_params:
        del st.query_params[_MARK]


def lost() -> bool:
    """Whether the study of an earlier session was lost and nothing was uploaded since."""
    return bool(st.session_state.get(_LOST))


def update(uploads: Mapping[str, Sequence[DroppedFile]], emptied: bool) -> None:
    """Take over the content of the uploaders; see `StudyImages.update`."""
    images().update(uploads, emptied)


def join() -> None:
    """Add the waiting images to the study."""
    images().join_waiting()


def keep() -> None:
    """Continue with the current study."""
    images().keep()


def begin_with_waiting() -> None:
    """Start a new study with the waiting images."""
    images().begin_with_waiting()
    _empty_uploaders()


def open_other(number: int) -> None:
    """Open another study by its number; the current one stays in memory."""
    images().open_other(number)
    _empty_uploaders()


def release_uploads(current: Iterable[str]) -> None:
    """Free the content of uploads that no uploader shows any more.

    Streamlit keeps an upload until its session ends, also when the uploader is replaced by an empty one. The study has
    its own copy of each image.

    Args:
        current: identifiers of the files that the uploaders show.
    """
    known, shown = st.session_state.get(_UPLOADS, frozenset()), frozenset(current)
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        for file_id in known - shown:
            context.uploaded_file_mgr.remove_file(context.session_id, file_id)
    st.session_state[_UPLOADS] = shown


def generation() -> int:
    """How often the uploaders were emptied; part of their keys, because a new key empties a widget."""
    return int(st.session_state.get(_GENERATION, 0))


def _empty_uploaders() -> None:
    st.session_state[_GENERATION] = generation() + 1


def forget_study() -> None:
    """Delete the study from this session, including the uploads."""
    number, uploads = generation(), st.session_state.get(_UPLOADS, frozenset())
    end_study()
    for key in list(st.session_state):
        if not str(key).startswith(_KEPT_PREFIXES):
            del st.session_state[key]
    st.session_state[_GENERATION] = number + 1
    # They are freed in the next run, which shows empty uploaders.
    st.session_state[_UPLOADS] = uploads
    st.session_state[_FORGOTTEN] = True
    # Objects of the old widgets refer to each other and would wait for the next garbage collection.
    timer = threading.Timer(_COLLECT_AFTER, return_free_memory)
    timer.daemon = True
    timer.start()


def is_forgotten() -> bool:
    """Whether the study was just cleared and nothing was uploaded since."""
    return bool(st.session_state.get(_FORGOTTEN))

"""The study of one session: kept in memory only, forgotten on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from fracture_core.imaging.dropped_files import DroppedFile
from fracture_core.imaging.study_images import StudyImages
from fracture_core.inference.study import Study
from fracture_core.registry.card import ModelCard
from pages.components.common import resources

_READING, _GENERATION = "reading", "study generation"

_IMAGES, _LOST, _FORGOTTEN = "study images", "study lost", "forgotten"

#: In the address while a study is open. It outlives a restart of the server, which the session does not.
_MARK = "study"

# First words of what other pages and the frame keep; all else in a session is of its study.
_OTHERS = ("failures", "audit", "train", "published", "arrived", "page")


def current_study(films: Sequence[DroppedFile], card: ModelCard) -> Study:
    """The films of this session, being read by a model in the background.

    A film that was read before in this session is not read again. What is no longer among the films is forgotten.

    Args:
        films: of the study.
        card: of the model that judges.
    """
    model = f"{card.id} {card.weights.sha256}"
    found: Study | None = st.session_state.get(_READING)
    if found is None or found.model != model:
        end_study()
        found = st.session_state[_READING] = Study(resources.load_predictor(card).predict, model)
    st.session_state.pop(_FORGOTTEN, None)
    found.set_images(films)
    return found


def end_study() -> None:
    """Stops reading and forgets what was read."""
    found: Study | None = st.session_state.pop(_READING, None)
    if found is not None:
        found.set_images([])


def images() -> StudyImages:
    """The images of this session's study."""
    return st.session_state.setdefault(_IMAGES, StudyImages())


def begin_session() -> None:
    """Notice at the first look of a session that the study of an earlier session is gone.

    The browser keeps its page, with the names of the files, when the server restarts; the images are gone with the
    server's memory. The uploaders then get another key, which empties them in the browser too.
    """
    if _GENERATION in st.session_state:
        return
    mark = st.query_params.get(_MARK, "")
    st.session_state[_GENERATION] = int(mark[:9]) + 1 if mark[:9].isdecimal() else 0
    st.session_state[_LOST] = bool(mark)


def mark(uploaded: bool) -> None:
    """Keep in the address whether a study of uploaded images is open; nothing about the images.

    Args:
        uploaded: whether there is one.
    """
    if uploaded:
        st.session_state[_LOST] = False
        if st.query_params.get(_MARK) != str(generation()):
            st.query_params[_MARK] = str(generation())
    elif _MARK in st.query_params:
        del st.query_params[_MARK]


def lost() -> bool:
    """Whether the study of an earlier session is gone and nothing was dropped since."""
    return bool(st.session_state.get(_LOST))


def update(uploads: Mapping[str, Sequence[DroppedFile]], emptied: bool) -> None:
    """Take over what the uploaders hold; see `StudyImages.update`."""
    images().update(uploads, emptied)


def join() -> None:
    """Add the images that wait to the study."""
    images().join_waiting()


def keep() -> None:
    """Go on with the study."""
    images().keep()


def begin_with_waiting() -> None:
    """Begin a new study with the images that wait."""
    images().begin_with_waiting()
    _empty_uploaders()


def begin_with_apart() -> None:
    """Begin a new study with the images of another patient or study."""
    images().begin_with_apart()
    _empty_uploaders()


def generation() -> int:
    """Counts how often the uploaders were emptied; part of the widgets' keys, which empties them."""
    return int(st.session_state.get(_GENERATION, 0))


def _empty_uploaders() -> None:
    st.session_state[_GENERATION] = generation() + 1


def forget_study() -> None:
    """Empties this session's memory of films, the uploaders' too."""
    number = generation()
    end_study()
    for key in list(st.session_state):
        if not str(key).startswith(_OTHERS):
            del st.session_state[key]
    st.session_state[_GENERATION] = number + 1
    st.session_state[_FORGOTTEN] = True


def is_forgotten() -> bool:
    """Whether the study was just forgotten and nothing was dropped since."""
    return bool(st.session_state.get(_FORGOTTEN))

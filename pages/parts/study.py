"""The study of one session: kept in memory only, forgotten on demand."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from fracture_core.imaging.bundle import Dropped
from fracture_core.reading import Reading
from fracture_core.registry.card import Card
from pages.parts import resources

_READING, _GENERATION = "reading", "study generation"

_KEPT, _RESTORED, _FORGOTTEN = "kept", "restored", "forgotten"

# First words of what other pages and the frame keep; all else in a session is of its study.
_OTHERS = ("failures", "audit", "train", "published", "arrived", "page")


def reading(films: Sequence[Dropped], card: Card) -> Reading:
    """The films of this session, being read by a model in the background.

    A film that was read before in this session is not read again. What is no longer among the films is forgotten.

    Args:
        films: of the study.
        card: of the model that judges.
    """
    model = f"{card.id} {card.weights.sha256}"
    found: Reading | None = st.session_state.get(_READING)
    if found is None or found.model != model:
        end()
        found = st.session_state[_READING] = Reading(resources.reader(card).opinion, model)
    st.session_state.pop(_FORGOTTEN, None)
    found.show(films)
    return found


def end() -> None:
    """Stops reading and forgets what was read."""
    found: Reading | None = st.session_state.pop(_READING, None)
    if found is not None:
        found.show([])


def kept(films: Sequence[Dropped], dropped: bool) -> Sequence[Dropped]:
    """The films of the uploader, or those of before when it has just been drawn anew.

    Streamlit empties an uploader while another page is shown; a study must not be lost by that.

    Args:
        films: behind what lies in the uploader.
        dropped: whether anything lies there.
    """
    state = st.session_state
    if dropped:
        state[_KEPT], state[_RESTORED] = list(films), False
    elif state.get("arrived"):
        state[_RESTORED] = bool(state.get(_KEPT))
    elif not state.get(_RESTORED):
        state[_KEPT] = []
    return state.get(_KEPT, [])


def generation() -> int:
    """Counts how often the study was forgotten; part of the widgets' keys, so that they empty too."""
    return int(st.session_state.get(_GENERATION, 0))


def forget() -> None:
    """Empties this session's memory of films, the uploaders' too."""
    number = generation()
    end()
    for key in list(st.session_state):
        if not str(key).startswith(_OTHERS):
            del st.session_state[key]
    st.session_state[_GENERATION] = number + 1
    st.session_state[_FORGOTTEN] = True


def forgotten() -> bool:
    """Whether the study was just forgotten and nothing was dropped since."""
    return bool(st.session_state.get(_FORGOTTEN))

"""Stores the reader's opinions on verdicts on this computer, on request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from fracture_core import paths
from fracture_core.errors import DataError
from fracture_core.review.verdict_opinions import VerdictOpinions
from pages.components.common import boundary, layout
from pages.components.second_opinion import image_choices, study_session

if TYPE_CHECKING:
    from fracture_core.inference.study import StudyImage

# It starts with "page", so that it stays on for the next study.
_KEEP, _FAULT = "page keep opinions", "page keep opinions fault"


def show_switch() -> None:
    """Draw the switch; it is off at first."""
    st.toggle(
        "Keep my opinions on this computer",
        key=_KEEP,
        persist_state="session",
        on_change=boundary.callback(_note_all),
        help="Stores agree, disagree or unsure with verdict, probability, region, date and a checksum of the file. No "
        "image, name or comment is stored. Failures counts them in the tab Reviews.",
    )
    fault = st.session_state.pop(_FAULT, "")
    if fault:
        st.error(layout.escape_markdown(fault))


def note_opinion(key: str) -> None:
    """Store the reader's mark on an image, in a callback, if the switch is on.

    Args:
        key: key of the image.
    """
    if not st.session_state.get(_KEEP):
        return
    for image in study_session.study_images():
        if image.key == key:
            _store(image)


def _note_all() -> None:
    """Store the marks that were given before the switch was turned on."""
    if st.session_state.get(_KEEP):
        for image in study_session.study_images():
            if image_choices.reader_opinion(image.key).mark is not None:
                _store(image)


def _store(image: StudyImage) -> None:
    opinion = image.summary
    if opinion is None or opinion.verdict is None or opinion.probability is None:
        return
    mark = image_choices.reader_opinion(image.key).mark
    store = VerdictOpinions.for_model(paths.runs_dir(), opinion.card.id)
    try:
        store.add(
            image.content,
            opinion.card.weights.sha256,
            opinion.verdict.value,
            opinion.probability,
            image_choices.choose_region(opinion, image.key),
            "" if mark is None else mark.value,
        )
    except DataError as error:
        st.session_state[_FAULT] = str(error)

"""Order of the images of a study, and which of them is open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from fracture_core.inference.study import StudyImage

_CHOSEN, _FIRST = "open image", "first image"


def opened_image(images: Sequence[StudyImage]) -> StudyImage:
    """The open image: the user's choice, else the most suspicious one, or the first with an answer so far.

    While a study is analysed the first image stays open.
    """
    by_key = {image.key: image for image in images}
    chosen = by_key.get(st.session_state.get(_CHOSEN, ""))
    if chosen is not None:
        return chosen
    if not any(image.waits for image in images):
        return rail_order(images)[0]
    first = by_key.get(st.session_state.get(_FIRST, ""))
    if first is None:
        first = next((image for image in images if image.summary is not None), images[0])
        if first.summary is not None:
            st.session_state[_FIRST] = first.key
    return first


def choose(key: str) -> None:
    """Open an image by its key."""
    st.session_state[_CHOSEN] = key


def rail_order(images: Sequence[StudyImage]) -> list[StudyImage]:
    """Sort images by suspicion once all are analysed: in scope by probability, then the others as uploaded."""
    if any(image.waits for image in images):
        return list(images)
    return sorted(images, key=_rank)


def _rank(image: StudyImage) -> tuple[int, float]:
    """Sorting is stable, so that equal images keep the order of their upload."""
    summary = image.summary
    if summary is None:
        return 3, 0.0
    if summary.probability is None:
        return 2, 0.0
    return (1 if summary.gate.refusal else 0), -summary.probability

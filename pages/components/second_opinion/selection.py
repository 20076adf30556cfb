"""Order of the images of a study, and which of them is open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from fracture_core.inference.study import StudyImage

_CHOSEN, _FIRST, _ORDER = "open image", "first image", "rail order"


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
    """Sort images by suspicion once all are analysed: those with a verdict, then the others as uploaded.

    While an image is analysed, the order stays as it was, and new images are at the end.
    """
    if any(image.waits for image in images):
        places = {key: place for place, key in enumerate(st.session_state.get(_ORDER, ()))}
        return sorted(images, key=lambda image: places.get(image.key, len(places)))
    ordered = sorted(images, key=_rank)
    st.session_state[_ORDER] = [image.key for image in ordered]
    return ordered


def _rank(image: StudyImage) -> tuple[int, float]:
    """Sorting is stable, so that equal images keep the order of their upload."""
    summary = image.summary
    if summary is None:
        return 3, 0.0
    if summary.probability is None:
        return 2, 0.0
    return (1 if summary.gate.refusal else 0), -summary.probability

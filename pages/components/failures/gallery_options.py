"""Options of the list of cases: size of the thumbnails, annotated boxes, and heatmaps."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import streamlit as st

from fracture_core.errors import ImageReadError, ModelError
from fracture_core.registry.card import ModelCard
from pages.components.common import boundary, case_images, layout
from pages.components.common.case_images import ThumbnailOverlay
from pages.components.failures import case_list, state

_SIZE, _ANNOTATED, _HEATMAP = "failures_size", "failures_annotated", "failures_heatmaps"


class _Size(NamedTuple):
    """A size of the thumbnails: images on a page, and the thumbnail's side in pixels."""

    images: int
    side: int


_SIZES = {
    "Small": _Size(30, case_images.THUMBNAIL_SIDE),
    "Medium": _Size(case_list.PAGE_SIZE, case_images.THUMBNAIL_SIDE),
    "Large": _Size(6, 2 * case_images.THUMBNAIL_SIDE),
}
_DEFAULT = "Medium"


def show() -> None:
    """Draw the controls above the list."""
    st.session_state.setdefault(_SIZE, _DEFAULT)
    with st.container(horizontal=True, vertical_alignment="center", key="failures-options"):
        st.segmented_control(
            "Size of the thumbnails",
            list(_SIZES),
            key=_SIZE,
            required=True,
            label_visibility="collapsed",
            on_change=boundary.callback(state.turn_to_page),
            args=(0,),
            persist_state="session",
        )
        st.toggle("Annotated boxes", key=_ANNOTATED, persist_state="session")
        st.toggle(
            "Heatmaps and boxes of the model",
            key=_HEATMAP,
            persist_state="session",
            help="Computed for the images of this page, about a quarter of a second each. The colours have the same "
            "scale in all images.",
        )


def chosen_size() -> str:
    """The chosen size: small, medium or large."""
    return str(st.session_state.get(_SIZE) or _DEFAULT).lower()


def page_size() -> int:
    """The number of images on a page."""
    return _SIZES[chosen_size().capitalize()].images


def thumbnail_side() -> int:
    """Side of a thumbnail in pixels."""
    return _SIZES[chosen_size().capitalize()].side


def overlays(card: ModelCard, root: Path, films: dict[str, str]) -> dict[str, ThumbnailOverlay]:
    """Return what the thumbnails of a page show on top of the images; draws progress while heatmaps are computed.

    Args:
        card: card of the model.
        root: the dataset folder.
        films: path of each image by its id.
    """
    annotated = case_images.true_boxes(str(root)) if st.session_state.get(_ANNOTATED) else {}
    found: dict[str, ThumbnailOverlay] = {}
    if st.session_state.get(_HEATMAP):
        found = _model_overlays(card, root, films)
    return {
        case: ThumbnailOverlay(
            annotated.get(case, ()),
            found[case].findings if case in found else (),
            found[case].layer if case in found else b"",
        )
        for case in films
        if case in annotated or case in found
    }


def _model_overlays(card: ModelCard, root: Path, films: dict[str, str]) -> dict[str, ThumbnailOverlay]:
    found: dict[str, ThumbnailOverlay] = {}
    line = st.empty()
    for number, (case, path) in enumerate(films.items(), 1):
        line.progress(number / len(films), f"Computing heatmap {number} of {len(films)}")
        try:
            found[case] = case_images.model_overlay(str(root), path, card.weights.sha256, card)
        except ImageReadError:
            continue  # its card says so
        except ModelError as error:
            line.warning(layout.escape_markdown(f"No heatmaps: {error}"))
            return found
    line.empty()
    return found

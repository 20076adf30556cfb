"""The workspace of a study: thumbnails, viewer and panel, as one component in the browser.

docs/decisions.md states why no existing viewer is used. The browser decides which image is open, so that each key press
counts and verdict and pixels change in the same frame. It tells the app, which sends the details of the open image and
of its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components.common import boundary, viewer
from pages.components.second_opinion import (
    image_choices,
    image_content,
    kept_opinions,
    selection,
    study_content,
    study_session,
)

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Heatmap, Opinion
    from fracture_core.inference.study import Study, StudyImage
    from fracture_core.registry.card import ModelCard

#: Images on either side of the open one that are sent ahead if they are compressed already.
_REACH = 6

#: Pixels of a direct neighbour that is sent ahead although it was not compressed yet.
_MAX_AHEAD_PIXELS = 2 << 20


_WORKSPACE = viewer.component(
    "second_look_workspace", "workspace", ["rail", "panel", "workspace"], ["workspace"]
)


def show(
    study: Study,
    images: Sequence[StudyImage],
    chosen: StudyImage,
    card: ModelCard,
    layer: Layer | None = None,
) -> None:
    """Draw the workspace.

    Args:
        study: the study.
        images: its images.
        chosen: the open image.
        card: card of the model.
        layer: the heatmap of the open image; None for the default one, if it was computed.
    """
    ordered = selection.rail_order(images)
    at = next(place for place, image in enumerate(ordered) if image.key == chosen.key)
    numbers = {image.key: number for number, image in enumerate(images, 1)}
    details = {chosen.key: _details(chosen, numbers[chosen.key], card, 0, layer)}
    for place, image in enumerate(ordered[max(0, at - _REACH) : at + _REACH + 1], max(0, at - _REACH)):
        if place != at and _is_at_hand(study, image, abs(place - at) == 1):
            details[image.key] = _details(image, numbers[image.key], card, place - at)
    _WORKSPACE(
        key=_key(),
        data={
            "study": _key(),
            "open": chosen.key,
            "images": [
                study_content.thumbnail_content(
                    image,
                    card,
                    viewer.serve(image.summary.thumbnail, "image/png", f"workspace thumbnail {number}")
                    if image.summary is not None
                    else None,
                )
                for number, image in enumerate(ordered)
            ],
            "study_box": study_content.study_content(images, card, study.studies_ahead())
            if len(images) > 1
            else None,
            "details": details,
        },
        on_open_change=boundary.callback(_on_open),
        on_anyway_change=boundary.callback(_on_anyway),
        on_region_change=boundary.callback(_on_region),
        on_reader_change=boundary.callback(_on_reader),
        on_stop_change=boundary.callback(study_session.stop_analysis),
        on_resume_change=boundary.callback(study_session.continue_analysis),
    )


class Layer:
    """A heatmap with the texts at the ends of its colour scale.

    Attributes:
        heat: the heatmap; None where the method has none.
        ends: the texts.
        turned_on: whether the viewer shows it although the user has not pressed *Heatmap*.
    """

    def __init__(self, heat: Heatmap | None, ends: tuple[str, str], turned_on: bool = False):
        self.heat = heat
        self.ends = ends
        self.turned_on = turned_on


def _is_at_hand(study: Study, image: StudyImage, next_to_open: bool) -> bool:
    """Whether an image can be sent without making the user wait. Otherwise it is prepared in the background.

    Of large images only the direct neighbours are prepared, because few of them fit the memory of a study.
    """
    if image.summary is None:
        return not image.waits
    opinion = study.kept_opinion(image)
    if opinion is not None:
        small = opinion.film.pixels.size <= _MAX_AHEAD_PIXELS
        if "packed_pixels" in vars(opinion) or (small and next_to_open):
            return True
    if opinion is not None or next_to_open:
        study.prepare_opinion(image)
    return False


def _details(
    image: StudyImage, number: int, card: ModelCard, slot: int, layer: Layer | None = None
) -> dict[str, Any]:
    """Everything the browser needs to show one image.

    Args:
        image: the image.
        number: its number in the study, from 1.
        card: card of the model.
        slot: place whose earlier content in memory is released.
        layer: the heatmap; None for the default one, if it was computed.
    """
    opinion = image.opinion
    content = {"id": image.key, **image_content.image_content(image, opinion, number, card)}
    if opinion is None:
        return {**content, "film": None, "layer": None, "findings": [], "contours": []}
    if layer is None:
        method, heat = opinion.default_heatmap
        layer = Layer(heat, viewer.LEGEND_ENDS[method.unit])
    return {
        **content,
        **_pixels(opinion, slot),
        "layer": viewer.serve(layer.heat.layer, "image/png", f"workspace heatmap {slot}")
        if layer.heat and layer.heat.has_evidence
        else None,
        "contours": layer.heat.contours if layer.heat else [],
        "heatOn": layer.turned_on,
        "legend": layer.ends,
        "scale": viewer.colour_scale(),
    }


def _pixels(opinion: Opinion, slot: int) -> dict[str, Any]:
    image = opinion.film
    shown = viewer.ViewerImage(
        opinion.packed_pixels, image.width, image.height, image.spacing, viewer.value_scale(image.values)
    )
    return viewer.pixel_content(shown, f"workspace film {slot}")


def _key() -> str:
    """Key of the component; a new study has a new one, so that nothing of the last study stays in the browser."""
    return f"workspace {study_session.generation()}"


def _state() -> dict[str, Any]:
    return dict(st.session_state.get(_key()) or {})


def _on_open() -> None:
    opened = _state().get("open") or {}
    selection.choose(str(opened.get("key", "")))


def _on_anyway() -> None:
    if key := _state().get("anyway"):
        study_session.answer_anyway(str(key))


def _on_region() -> None:
    if chosen := _state().get("region"):
        image_choices.set_region(str(chosen["key"]), str(chosen["region"]))


def _on_reader() -> None:
    if given := _state().get("reader"):
        image_choices.set_reader_opinion(str(given["key"]), str(given["mark"]), str(given["comment"] or ""))
        kept_opinions.note_opinion(str(given["key"]))

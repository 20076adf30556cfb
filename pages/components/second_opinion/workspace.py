"""The workspace of a study: thumbnails, viewer and panel, as one component in the browser.

docs/decisions.md states why no existing viewer is used. The browser decides which image is open, so that each key press
counts and verdict and pixels change in the same frame. It tells the app, which sends the details of the open image and
of its neighbours.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit import runtime

from fracture_core import paths
from fracture_core.imaging import encode_png, render_legend
from pages.components.common import boundary
from pages.components.second_opinion import (
    image_choices,
    image_content,
    selection,
    study_content,
    study_session,
)

if TYPE_CHECKING:
    from fracture_core.imaging.pixel_values import PixelValues
    from fracture_core.inference.predictor import Heatmap, Opinion
    from fracture_core.inference.study import Study, StudyImage
    from fracture_core.registry.card import ModelCard

# These files are joined, so that no build step is needed.
_SCRIPTS = ("elements", "film", "place", "draw", "keys", "pointer", "viewer", "rail", "panel", "workspace")
_STYLES = ("viewer", "workspace")

#: Images on either side of the open one that are sent ahead if they are compressed already.
_REACH = 6

#: Pixels of a direct neighbour that is sent ahead although it was not compressed yet.
_MAX_AHEAD_PIXELS = 2 << 20


def _read_asset(name: str) -> str:
    return (paths.assets_dir() / "viewer" / name).read_text(encoding="utf-8")


_WORKSPACE = st.components.v2.component(
    "second_look_workspace",
    html=_read_asset("workspace.html").replace("<!-- viewer -->", _read_asset("viewer.html")),
    css="\n".join(_read_asset(f"{name}.css") for name in _STYLES),
    js="\n".join(_read_asset(f"{name}.js") for name in _SCRIPTS),
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
                    _serve(image.summary.thumbnail, "image/png", f"thumbnail {number}")
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
        layer = Layer(heat, image_content.LEGEND_ENDS[method.unit])
    return {
        **content,
        **_pixels(opinion, slot),
        "layer": _serve(layer.heat.layer, "image/png", f"heatmap {slot}")
        if layer.heat and layer.heat.has_evidence
        else None,
        "contours": layer.heat.contours if layer.heat else [],
        "heatOn": layer.turned_on,
        "legend": layer.ends,
        "scale": f"data:image/png;base64,{_colour_scale()}",
    }


def _pixels(opinion: Opinion, slot: int) -> dict[str, Any]:
    image, pixels = opinion.film, opinion.packed_pixels
    return {
        "film": {
            "url": _serve(pixels.packed, "application/octet-stream", f"film {slot}"),
            "width": image.width,
            "height": image.height,
            "columns": pixels.columns,
            "rows": pixels.rows,
            "bits": pixels.bits,
            "top": pixels.top,
            "values": _value_scale(image.values),
        },
        "spacing": image.spacing,
    }


def _value_scale(values: PixelValues | None) -> dict[str, Any] | None:
    """What the viewer needs to show pixel values: their scale and the windows of the file."""
    if values is None:
        return None
    return {
        "first": values.first,
        "step": values.step,
        "units": values.units,
        "inverted": values.is_inverted,
        "windows": [
            {"name": window.name, "black": window.black, "white": window.white} for window in values.windows
        ],
    }


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


@lru_cache(maxsize=1)
def _colour_scale() -> str:
    return base64.b64encode(encode_png(render_legend(256, 8))).decode()


def _serve(content: bytes, media_type: str, element: str) -> str:
    """Serve bytes from memory, as Streamlit serves images; returns their URL.

    Args:
        content: the bytes.
        media_type: for example "image/png".
        element: the part of the page; its earlier content is released.
    """
    url = runtime.get_instance().media_file_mgr.add(content, media_type, f"workspace {element}")
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    return f"/{base}{url}" if base else url

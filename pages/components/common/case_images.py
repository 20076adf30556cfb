"""Images of a dataset for the screen: thumbnails, scaled images, heatmaps and boxes.

Nothing is written to disk, and every cache is bounded.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from fracture_core.datasets.cases import Box
from fracture_core.datasets.layouts import read_catalogue
from fracture_core.errors import DataError
from fracture_core.file_names import resolve_name
from fracture_core.findings import Finding
from fracture_core.imaging import (
    PackedPixels,
    Radiograph,
    encode_png,
    letterbox,
    read_radiograph,
    thumbnail,
)
from fracture_core.registry.card import ModelCard
from pages.components.common import resources, viewer
from pages.components.common.viewer import ViewerImage

if TYPE_CHECKING:
    from fracture_core.explain.methods import HeatmapMethod
    from fracture_core.inference.predictor import Heatmap

#: Side of a thumbnail in pixels.
THUMBNAIL_SIDE = 192

# Longest side in pixels of an image on the screen.
_SCREEN_SIDE = 1000


@dataclass(frozen=True, eq=False)
class DisplayedCase:
    """An image at screen size, with its prediction.

    Attributes:
        film: pixels, uint8 (height, width).
        heat: heatmap, uint8 (height, width), 255 = full colour; None without positive evidence or for a rejected image.
        probability: calibrated, 0–1; None for a rejected image.
        reasons: warnings, or the reasons of the rejection; sentences.
        scale: evidence in log-odds that is drawn in full colour.
        features: image features for similarity search, float (channels,); None for a model without.
        findings: boxes of the model.
        viewer: the image at full size; None where it is not shown in the viewer.
        shown: the heatmap that is shown first in the viewer; None like `heat`.
    """

    film: np.ndarray
    heat: np.ndarray | None
    probability: float | None
    reasons: tuple[str, ...]
    scale: float
    features: np.ndarray | None = None
    findings: tuple[Finding, ...] = ()
    viewer: ViewerImage | None = None
    shown: ShownHeatmap | None = None


@dataclass(frozen=True, eq=False)
class ShownHeatmap:
    """A heatmap for the viewer.

    Attributes:
        method: its method.
        layer: transparent PNG, on the scale that is the same for all images.
        own_layer: the same, scaled to the maximum of this image.
        contours: contours of the strongest areas, in pixels of the image.
        strength: its maximum as a fraction of the scale.
    """

    method: HeatmapMethod
    layer: bytes
    own_layer: bytes
    contours: list[list[list[float]]]
    strength: float

    @classmethod
    def of(cls, method: HeatmapMethod, heat: Heatmap) -> ShownHeatmap:
        """Render a heatmap that has evidence."""
        own = replace(heat, scale=float(heat.grid.max()))
        return cls(method, heat.layer, own.layer, heat.contours, heat.strength)


@dataclass(frozen=True)
class ThumbnailOverlay:
    """What a thumbnail shows on top of the image.

    Attributes:
        annotated: boxes of the dataset, as fractions of the image.
        findings: boxes of the model.
        layer: heatmap as a transparent PNG; b"" for none.
    """

    annotated: tuple[Box, ...] = ()
    findings: tuple[Finding, ...] = ()
    layer: bytes = b""


def thumbnail_html(
    root: str,
    path: str,
    alt: str,
    overlay: ThumbnailOverlay | None = None,
    side: int = THUMBNAIL_SIDE,
) -> str:
    """Return a square thumbnail on black as HTML; the image is read at the first call.

    Args:
        root: the dataset folder.
        path: path of the image in that folder.
        alt: alternative text, escaped for HTML.
        overlay: boxes and heatmap; None for none.
        side: its side in pixels.

    Raises:
        ImageReadError: the image cannot be read.
    """
    uri, frame = _read_thumbnail(root, path, side)
    image = f'<img alt="{alt}" src="{uri}">'
    if overlay is None:
        return image
    layer = ""
    if overlay.layer:
        data = base64.b64encode(overlay.layer).decode()
        layer = f'<img alt="" class="layer" src="data:image/png;base64,{data}">'
    boxes = "".join(_box_html(box, frame, "annotated") for box in overlay.annotated)
    boxes += "".join(_box_html(finding.box, frame, finding.grade) for finding in overlay.findings)
    return f'<div class="overlaid">{image}{layer}{boxes}</div>'


def _box_html(box: Box, frame: tuple[float, float, float, float], kind: str) -> str:
    """A box as an HTML element; `frame` is left, top, width and height of the image in the thumbnail, 0–1."""
    left, top, width, height = frame
    place = {
        "left": left + box[0] * width,
        "top": top + box[1] * height,
        "width": (box[2] - box[0]) * width,
        "height": (box[3] - box[1]) * height,
    }
    style = ";".join(f"{name}:{100 * value:.2f}%" for name, value in place.items())
    return f'<div class="box {kind}" style="{style}"></div>'


@st.cache_data(max_entries=240, show_spinner=False)
def _read_thumbnail(root: str, path: str, side: int) -> tuple[str, tuple[float, float, float, float]]:
    """Return the data URI of a thumbnail, and left, top, width and height of the image in it, 0–1."""
    canvas, transform = letterbox(read_radiograph(resolve_name(Path(root) / path)).pixels, side, side)
    rows, columns = transform.size
    return data_uri(canvas), (transform.left / side, transform.top / side, columns / side, rows / side)


@st.cache_data(max_entries=480, show_spinner=False)
def model_overlay(root: str, path: str, sha256: str, _card: ModelCard) -> ThumbnailOverlay:
    """Return heatmap and boxes of a model for a thumbnail; empty for a rejected image.

    Args:
        root: the dataset folder.
        path: path of the image in that folder.
        sha256: hash of the model's weights, for the cache.
        _card: card of the model.

    Raises:
        ImageReadError: the image cannot be read.
        ModelError: the model cannot be loaded.
    """
    opinion = resources.load_predictor(_card).predict(resolve_name(Path(root) / path))
    _, heat = opinion.default_heatmap
    layer = heat.render_layer_at(THUMBNAIL_SIDE) if heat is not None and heat.has_evidence else b""
    return ThumbnailOverlay(findings=opinion.findings, layer=layer)


@st.cache_data(max_entries=800, show_spinner=False)
def thumbnail_data_uri(path: str) -> str:
    """Return a square thumbnail of an image file as a data URI; "" if it cannot be read."""
    return thumbnail.thumbnail_data_uri(Path(path))


@st.cache_data(max_entries=2, ttl=600, show_spinner="Reading the dataset …")
def true_boxes(root: str) -> dict[str, tuple[Box, ...]]:
    """Return the fracture boxes of a dataset by case id; empty if the folder has no known layout."""
    try:
        cases = read_catalogue(Path(root)).cases
    except DataError:
        return {}
    return {case.id: case.boxes for case in cases if case.boxes}


@st.cache_data(max_entries=8, show_spinner="Reading the image …")
def load_image(root: str, path: str) -> DisplayedCase:
    """Return an image without a prediction.

    Raises:
        ImageReadError: the image cannot be read.
    """
    film = read_radiograph(resolve_name(Path(root) / path))
    return DisplayedCase(_shrink(film.pixels), None, None, (), 1.0, viewer=_viewer_image(film))


def explain_case(card: ModelCard, root: str, path: str) -> DisplayedCase:
    """Return an image with its prediction and heatmap.

    Raises:
        ImageReadError: the image cannot be read.
        ModelError: the model cannot be loaded.
    """
    return _explain(root, path, card.weights.sha256, card)


@st.cache_data(max_entries=8, show_spinner="Computing the heatmap …")
def _explain(root: str, path: str, sha256: str, _card: ModelCard) -> DisplayedCase:
    opinion = resources.load_predictor(_card).predict(resolve_name(Path(root) / path))
    heat = opinion.heat
    method, shown = opinion.default_heatmap
    return DisplayedCase(
        film=_shrink(opinion.film.pixels),
        heat=_shrink(heat.to_film()) if heat is not None and heat.has_evidence else None,
        probability=opinion.probability,
        reasons=opinion.gate.reasons,
        scale=heat.scale if heat is not None else 1.0,
        features=opinion.features,
        findings=opinion.findings,
        viewer=_viewer_image(opinion.film),
        shown=ShownHeatmap.of(method, shown) if shown is not None and shown.has_evidence else None,
    )


def _viewer_image(film: Radiograph) -> ViewerImage:
    return ViewerImage(
        PackedPixels.of_radiograph(film),
        film.width,
        film.height,
        film.spacing,
        viewer.value_scale(film.values),
    )


def _shrink(values: np.ndarray) -> np.ndarray:
    """Scale values in 0–1 to screen size, as uint8; small images keep their size."""
    height, width = values.shape
    factor = min(1.0, _SCREEN_SIDE / max(height, width))
    canvas, _ = letterbox(values, max(1, round(height * factor)), max(1, round(width * factor)))
    return canvas


def data_uri(array: np.ndarray) -> str:
    """Return an image as a `data:` URI."""
    return f"data:image/png;base64,{base64.b64encode(encode_png(array)).decode()}"

"""Images of a dataset for the screen: thumbnails, scaled images, heatmaps and boxes.

Nothing is written to disk, and every cache is bounded.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from fracture_core.datasets.cases import Box
from fracture_core.datasets.layouts import read_catalogue
from fracture_core.errors import DataError
from fracture_core.file_names import resolve_name
from fracture_core.findings import Finding, FindingGrade
from fracture_core.imaging import encode_png, letterbox, read_radiograph, thumbnail
from fracture_core.registry.card import ModelCard
from pages.components.common import resources

# Longest side in pixels, of a thumbnail and of an image on the screen.
_THUMBNAIL_SIDE, _SCREEN_SIDE = 192, 1000

# Colours of annotated boxes and of boxes of the model.
_ANNOTATED, _FOUND = "#56D4E9", "#FFB000"


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
    """

    film: np.ndarray
    heat: np.ndarray | None
    probability: float | None
    reasons: tuple[str, ...]
    scale: float
    features: np.ndarray | None = None
    findings: tuple[Finding, ...] = ()


@st.cache_data(max_entries=240, show_spinner=False)
def thumbnail_html(root: str, path: str, alt: str) -> str:
    """Return a thumbnail on black as an `<img>` element; the image is read at the first call.

    Raises:
        ImageReadError: the image cannot be read.
    """
    canvas, _ = letterbox(
        read_radiograph(resolve_name(Path(root) / path)).pixels, _THUMBNAIL_SIDE, _THUMBNAIL_SIDE
    )
    return f'<img alt="{alt}" src="{data_uri(canvas)}">'


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


@st.cache_data(max_entries=16, show_spinner="Reading the image …")
def load_image(root: str, path: str) -> np.ndarray:
    """Return an image at screen size, uint8 (height, width).

    Raises:
        ImageReadError: the image cannot be read.
    """
    return _shrink(read_radiograph(resolve_name(Path(root) / path)).pixels)


def explain_case(card: ModelCard, root: str, path: str) -> DisplayedCase:
    """Return an image with its prediction and heatmap.

    Raises:
        ImageReadError: the image cannot be read.
        ModelError: the model cannot be loaded.
    """
    return _explain(root, path, card.weights.sha256, card)


@st.cache_data(max_entries=16, show_spinner="Computing the heatmap …")
def _explain(root: str, path: str, sha256: str, _card: ModelCard) -> DisplayedCase:
    opinion = resources.load_predictor(_card).predict(resolve_name(Path(root) / path))
    heat = opinion.heat
    return DisplayedCase(
        film=_shrink(opinion.film.pixels),
        heat=_shrink(heat.to_film()) if heat is not None and heat.has_evidence else None,
        probability=opinion.probability,
        reasons=opinion.gate.reasons,
        scale=heat.scale if heat is not None else 1.0,
        features=opinion.features,
        findings=opinion.findings,
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


def with_boxes(array: np.ndarray, fractures: tuple[Box, ...], findings: tuple[Finding, ...] = ()) -> str:
    """Return an image with boxes as SVG; the pixels are unchanged.

    Args:
        array: uint8, greyscale (height, width) or RGB (height, width, 3).
        fractures: annotated boxes x0, y0, x1, y1 as fractions of the image.
        findings: boxes of the model; those that are only possible are dashed.
    """
    height, width = array.shape[:2]
    line = max(width, height) / 240
    shapes = "".join(_rectangle(box, width, height, line, _ANNOTATED) for box in fractures)
    shapes += "".join(
        _rectangle(finding.box, width, height, line, _FOUND, finding.grade is FindingGrade.POSSIBLE)
        for finding in findings
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<image width="{width}" height="{height}" xlink:href="{data_uri(array)}"/>{shapes}</svg>'
    )


def _rectangle(box: Box, width: int, height: int, line: float, colour: str, dashed: bool = False) -> str:
    x0, y0, x1, y1 = box
    dashes = f' stroke-dasharray="{3 * line:.1f} {2 * line:.1f}"' if dashed else ""
    return "".join(
        f'<rect x="{x0 * width:.1f}" y="{y0 * height:.1f}" width="{(x1 - x0) * width:.1f}" '
        f'height="{(y1 - y0) * height:.1f}" fill="none" stroke="{stroke}" stroke-width="{line * size:.2f}"{dashes}/>'
        # A dark line below the bright one keeps the box visible on bone and on background.
        for stroke, size in (("#000000", 2.2), (colour, 1.0))
    )

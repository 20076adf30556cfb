"""Films of a data set on this computer: found, shrunk for the screen, and shown to the model.

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
from fracture_core.imaging import encode_png, letterbox, read_radiograph
from fracture_core.registry.card import ModelCard
from pages.components.common import resources

#: Longest side on the screen, in pixels.
_THUMBNAIL, _SCREEN = 192, 1000


@dataclass(frozen=True, eq=False)
class DisplayedCase:
    """A film as the screen shows it, with what the model found.

    Attributes:
        film: uint8 (height, width).
        heat: uint8 (height, width), 255 = full colour; None without positive evidence, or where the film
            could not be judged.
        probability: calibrated; None where the film could not be judged.
        reasons: why it could not, or what to mind; sentences.
        scale: the evidence, in log-odds, that is drawn in full colour.
        features: by which films are compared, float (channels,); None where there are none.
    """

    film: np.ndarray
    heat: np.ndarray | None
    probability: float | None
    reasons: tuple[str, ...]
    scale: float
    features: np.ndarray | None = None


@st.cache_data(max_entries=240, show_spinner=False)
def thumbnail_html(root: str, path: str, alt: str) -> str:
    """A film as a small `<img>` on black, read when it is first shown.

    Raises:
        ImageReadError: it cannot be read.
    """
    canvas, _ = letterbox(read_radiograph(resolve_name(Path(root) / path)).pixels, _THUMBNAIL, _THUMBNAIL)
    return f'<img alt="{alt}" src="{data_uri(canvas)}">'


@st.cache_data(max_entries=2, ttl=600, show_spinner="Reading the table of the data set …")
def true_boxes(root: str) -> dict[str, tuple[Box, ...]]:
    """True fracture boxes by case id; empty where the folder has no known layout, hence none to offer."""
    try:
        cases = read_catalogue(Path(root)).cases
    except DataError:
        return {}
    return {case.id: case.boxes for case in cases if case.boxes}


@st.cache_data(max_entries=16, show_spinner="Reading the film …")
def load_image(root: str, path: str) -> np.ndarray:
    """A film at screen size, uint8 (height, width).

    Raises:
        ImageReadError: it cannot be read.
    """
    return _shrink(read_radiograph(resolve_name(Path(root) / path)).pixels)


def explain_case(card: ModelCard, root: str, path: str) -> DisplayedCase:
    """A film and where the model looks on it.

    Raises:
        ImageReadError: the film cannot be read.
        ModelError: the model cannot be loaded.
    """
    return _look(root, path, card.weights.sha256, card)


@st.cache_data(max_entries=16, show_spinner="The model looks at the film …")
def _look(root: str, path: str, sha256: str, _card: ModelCard) -> DisplayedCase:
    opinion = resources.load_predictor(_card).predict(resolve_name(Path(root) / path))
    heat = opinion.heat
    return DisplayedCase(
        film=_shrink(opinion.film.pixels),
        heat=_shrink(heat.to_film()) if heat is not None and heat.has_evidence else None,
        probability=opinion.probability,
        reasons=opinion.gate.reasons,
        scale=heat.scale if heat is not None else 1.0,
        features=opinion.features,
    )


def _shrink(values: np.ndarray) -> np.ndarray:
    """Values in 0–1 at screen size as uint8; small films keep their size."""
    height, width = values.shape
    factor = min(1.0, _SCREEN / max(height, width))
    canvas, _ = letterbox(values, max(1, round(height * factor)), max(1, round(width * factor)))
    return canvas


def data_uri(array: np.ndarray) -> str:
    """An image as a `data:` address, so that it needs no file."""
    return f"data:image/png;base64,{base64.b64encode(encode_png(array)).decode()}"


def with_boxes(array: np.ndarray, fractures: tuple[Box, ...]) -> str:
    """An image with boxes drawn around the true fractures, as SVG: the pixels stay as they are.

    Args:
        array: uint8 grey (height, width) or RGB (height, width, 3).
        fractures: boxes as fractions of the image.
    """
    height, width = array.shape[:2]
    line = max(width, height) / 240
    shapes = "".join(
        f'<rect x="{x0 * width:.1f}" y="{y0 * height:.1f}" width="{(x1 - x0) * width:.1f}" '
        f'height="{(y1 - y0) * height:.1f}" fill="none" stroke="{stroke}" stroke-width="{line * size:.2f}"/>'
        for x0, y0, x1, y1 in fractures
        # A dark line under the bright one keeps the box visible on bone and on background.
        for stroke, size in (("#000000", 2.2), ("#56D4E9", 1.0))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<image width="{width}" height="{height}" xlink:href="{data_uri(array)}"/>{shapes}</svg>'
    )

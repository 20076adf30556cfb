"""Synthetic images similar to an image, for computers without the training images."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from fracture_core.imaging import Radiograph, letterbox
from fracture_core.phantom import draw_phantom
from fracture_core.phantom.anatomy import PHANTOM_REGIONS
from fracture_core.registry.card import ModelCard
from pages.components.common import boundary, case_images, resources

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Predictor

#: Description, data URI and features of a synthetic image.
SyntheticExample = tuple[str, str, np.ndarray]

#: Seconds between two updates while images are drawn.
_EVERY = 0.7

_SIZE = (400, 320)
_THUMBNAIL = 192

_SHOWN = 4


def show(features: np.ndarray, card: ModelCard) -> None:
    """Draw the most similar synthetic images. They are generated in the background the first time."""
    drawing = _drawing(card.id, card.weights.sha256, card)
    boundary.fragment(_live, run_every=None if drawing.done() else _EVERY)(features, drawing, drawing.done())


def _live(features: np.ndarray, drawing: Future[list[SyntheticExample]], was_done: bool) -> None:
    if not drawing.done():
        st.caption("Generating synthetic images …")
        return
    if not was_done:
        st.rerun()  # the page then stops asking
    drawn = drawing.result()
    order = np.argsort([-_cosine(features, other) for _, _, other in drawn])[:_SHOWN]
    figures = "".join(
        f'<figure><img alt="Synthetic image, {words}" src="{picture}"><figcaption><b>Synthetic</b><br>{words}'
        "</figcaption></figure>"
        for words, picture, _ in (drawn[at] for at in order)
    )
    st.html(f'<div class="near" data-testid="synthetic">{figures}</div>')
    st.caption(
        f"The most similar of {len(drawn)} synthetic images, not from patients. They show what the model considers "
        "similar and are no evidence about this image."
    )


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-12))


@st.cache_resource(max_entries=2, show_spinner=False)
def _drawing(model_id: str, sha256: str, _card: ModelCard) -> Future[list[SyntheticExample]]:
    reader = resources.load_predictor(_card)
    pool = ThreadPoolExecutor(1, thread_name_prefix="draws images")
    drawing = pool.submit(_drawn, reader)
    pool.shutdown(wait=False)  # the thread ends with its work
    return drawing


def _drawn(reader: Predictor) -> list[SyntheticExample]:
    """Generate one image of each region with and one without a fracture."""
    found = []
    for seed, region in enumerate(PHANTOM_REGIONS):
        for broken in (False, True):
            pixels = draw_phantom(700 + seed, region, broken, _SIZE).pixels.astype(np.float32) / np.float32(
                255
            )
            opinion = reader.predict(Radiograph(pixels, "synthetic"), heatmap=False)
            if opinion.features is not None:
                small, _ = letterbox(pixels, _THUMBNAIL, _THUMBNAIL)
                words = f"{region}, drawn {'with' if broken else 'without'} a fracture"
                found.append((words, case_images.data_uri(small), opinion.features))
    return found

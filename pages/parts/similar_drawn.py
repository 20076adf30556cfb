"""Synthetic films like this one, where the pictures of the training films are not at hand."""

from __future__ import annotations

import numpy as np
import streamlit as st

from fracture_core.data.phantom import draw
from fracture_core.data.phantom.anatomy import REGIONS
from fracture_core.imaging import Radiograph, letterbox
from fracture_core.registry.card import Card
from pages.parts import failures_films, resources

_SIZE = (400, 320)
_THUMBNAIL = 192

_SHOWN = 4


def show(features: np.ndarray, card: Card) -> None:
    """The nearest of a few films that this app draws."""
    drawn = _drawn(card.id, card.weights.sha256, card)
    order = np.argsort([-_cosine(features, other) for _, _, other in drawn])[:_SHOWN]
    figures = "".join(
        f'<figure><img alt="Synthetic film, {words}" src="{picture}"><figcaption><b>Synthetic</b><br>{words}'
        "</figcaption></figure>"
        for words, picture, _ in (drawn[at] for at in order)
    )
    st.html(f'<div class="near" data-testid="synthetic">{figures}</div>')
    st.caption(
        f"The nearest of {len(drawn)} synthetic films, drawn by this app: no person was X-rayed. They show what the "
        "model takes for alike and say nothing about this film."
    )


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-12))


@st.cache_resource(max_entries=2, show_spinner="Drawing synthetic films …")
def _drawn(model_id: str, sha256: str, _card: Card) -> list[tuple[str, str, np.ndarray]]:
    """(what it shows, picture, features) of one film of each region, whole and broken."""
    found = []
    for seed, region in enumerate(REGIONS):
        for broken in (False, True):
            film = draw(700 + seed, region, broken, _SIZE).pixels
            opinion = resources.reader(_card).opinion(
                Radiograph(film.astype(np.float32) / 255, "synthetic"), heatmap=False
            )
            if opinion.features is not None:
                small, _ = letterbox(film.astype(np.float32) / 255, _THUMBNAIL, _THUMBNAIL)
                words = f"{region}, drawn {'with' if broken else 'without'} a fracture"
                found.append((words, failures_films.data_uri(small), opinion.features))
    return found

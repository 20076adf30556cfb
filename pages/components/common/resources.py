"""Loaded models, shared by all users of the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from fracture_core import paths
from fracture_core.registry.card import ModelCard
from fracture_core.registry.store import NEIGHBOURS_NAME, ModelStore

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Predictor
    from fracture_core.similar.neighbour_index import NeighbourIndex


def model_store() -> ModelStore:
    """Return the models on this computer."""
    return ModelStore(paths.models_dir())


def card_in_use() -> ModelCard:
    """Return the card of the model in use."""
    models = model_store()
    return models.card(models.model_in_use())


def load_predictor(card: ModelCard) -> Predictor:
    """Load a model; it is cached until its weights change."""
    return _load_predictor(card.id, card.weights.sha256)


def load_neighbours(card: ModelCard) -> NeighbourIndex | None:
    """Load the index of the training images of a model; None if it was not built yet."""
    path = paths.models_dir() / card.id / NEIGHBOURS_NAME
    return _load_neighbours(card.id, path.stat().st_mtime_ns) if path.is_file() else None


@st.cache_resource(show_spinner=False, max_entries=2)
def _load_neighbours(model_id: str, changed_at: int) -> NeighbourIndex | None:
    return model_store().neighbours(model_id)


@st.cache_resource(show_spinner="Loading the model …", max_entries=2)
def _load_predictor(model_id: str, sha256: str) -> Predictor:
    from fracture_core.inference.predictor import Predictor

    return Predictor(model_store(), model_id)

"""Models and runs, shared by all users of the app."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import streamlit as st

from fracture_core import paths
from fracture_core.registry.card import ModelCard
from fracture_core.registry.store import NEIGHBOURS_NAME, ModelStore

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Predictor
    from fracture_core.similar.neighbour_index import NeighbourIndex


def model_store() -> ModelStore:
    """The models on this computer."""
    return ModelStore(paths.models_dir())


def card_in_use() -> ModelCard:
    """The card of the model in use."""
    models = model_store()
    return models.card(models.model_in_use())


def load_predictor(card: ModelCard) -> Predictor:
    """A loaded model; kept as long as its weights stay what they are."""
    return _reader(card.id, card.weights.sha256)


def load_neighbours(card: ModelCard) -> NeighbourIndex | None:
    """Where the training films of a model lie among one another; None where nobody has looked at them yet."""
    path = paths.models_dir() / card.id / NEIGHBOURS_NAME
    return _neighbours(card.id, path.stat().st_mtime_ns) if path.is_file() else None


@st.cache_resource(show_spinner=False, max_entries=2)
def _neighbours(model_id: str, changed: int) -> NeighbourIndex | None:
    return model_store().neighbours(model_id)


@st.cache_resource(show_spinner="Waking the model …", max_entries=2)
def _reader(model_id: str, sha256: str) -> Predictor:
    # The import loads TensorFlow: seconds that only the first film has to wait.
    from fracture_core.inference.predictor import Predictor

    loaded = Predictor(model_store(), model_id)
    # After every run of a page Streamlit resets Keras and collects garbage, twice, half a second each with TensorFlow's
    # million objects; meanwhile no film is read. Those are set aside, after what a model before has left was freed.
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    return loaded

"""Builds the index of the training films of a model, by which films like a new one are found."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from fracture_core.errors import ModelError
from fracture_core.heads.features import pooled
from fracture_core.imaging import normalise
from fracture_core.registry.store import NEIGHBOURS, ModelStore
from fracture_core.similar.index import Index
from fracture_core.training.films import Films
from fracture_core.training.origin import training_films
from fracture_core.zoo import architecture

#: Called with what is being done, films done, and films.
Tell = Callable[[str, int, int], None]

_BATCH = 16


def build(store: ModelStore, model_id: str, root: Path, cache: Path, tell: Tell) -> Index:
    """Looks at every training and validation film and writes the index beside the model.

    Args:
        store: the models.
        model_id: which of them.
        root: the data set of its training.
        cache: where decoded films may be kept.
        tell: told the progress.

    Returns:
        The index as written.

    Raises:
        ModelError: the model is unknown, has no training on record, or its architecture no features.
        DataError: the data set is missing, too small, or cut otherwise than for the training.
    """
    row = architecture(store.card(model_id).architecture)
    if not row.feature_layers:
        raise ModelError(
            f"Expected an architecture with features to compare films by, but {row.name} has none: use another model."
        )
    card, model, films = training_films(
        store, model_id, root, cache, lambda done, every: tell("Reading the films", done, every)
    )
    look = keras.Model(model.input, pooled(model, row)[0])
    train, val = films.of("train"), films.of("val")
    every = np.concatenate([train, val])
    features = _features(look, films, every, tell)
    index = Index.fit(
        card.weights.sha256,
        films.data.root,
        ([films.cases[at] for at in train], features[: len(train)]),
        ([films.cases[at] for at in val], features[len(train) :]),
    )
    index.save(store.root / model_id / NEIGHBOURS)
    return index


def _features(look: keras.Model, films: Films, index: np.ndarray, tell: Tell) -> np.ndarray:
    """Features of films, float32 (films, channels)."""
    found = []
    for start in range(0, len(index), _BATCH):
        rows = films.rows[index[start : start + _BATCH]]
        found.append(
            np.asarray(look.predict_on_batch(normalise(films.canvases[rows], films.spec)), np.float32)
        )
        tell("The model looks at the films", min(start + _BATCH, len(index)), len(index))
    return np.concatenate(found)

"""Builds the index of the training films of a model, by which films like a new one are found."""

from pathlib import Path

import keras
import numpy as np

from fracture_core.auxiliary_heads.pooled_features import pooled_features
from fracture_core.errors import ModelError
from fracture_core.imaging import normalise_canvas
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.registry.store import NEIGHBOURS_NAME, ModelStore
from fracture_core.similar.neighbour_index import NeighbourIndex
from fracture_core.training.load_training_data import load_training_data
from fracture_core.training.training_data import TrainingData
from fracture_core.zoo import find_architecture

_BATCH = 16


def build_neighbour_index(
    store: ModelStore, model_id: str, root: Path, cache: Path, progress: ProgressCallback
) -> NeighbourIndex:
    """Looks at every training and validation film and writes the index beside the model.

    Args:
        store: the models.
        model_id: which of them.
        root: the data set of its training.
        cache: where decoded films may be kept.
        progress: called with the stage, the images done and their number.

    Returns:
        The index as written.

    Raises:
        ModelError: the model is unknown, has no training on record, or its architecture no features.
        DataError: the data set is missing, too small, or cut otherwise than for the training.
    """
    row = find_architecture(store.card(model_id).architecture)
    if not row.feature_layers:
        raise ModelError(
            f"Expected an architecture with features to compare films by, but {row.name} has none: use another model."
        )
    card, model, films = load_training_data(store, model_id, root, cache, progress)
    look = keras.Model(model.input, pooled_features(model, row)[0])
    train, val = films.indices_of("train"), films.indices_of("val")
    features = _features(look, films, np.concatenate([train, val]), progress)
    index = NeighbourIndex.fit(
        card.weights.sha256,
        films.data.root,
        ([films.cases[at] for at in train], features[: len(train)]),
        ([films.cases[at] for at in val], features[len(train) :]),
    )
    index.save(store.root / model_id / NEIGHBOURS_NAME)
    return index


def _features(
    look: keras.Model, films: TrainingData, index: np.ndarray, progress: ProgressCallback
) -> np.ndarray:
    """Features of films, float32 (films, channels)."""
    found = []
    for start in range(0, len(index), _BATCH):
        rows = films.rows[index[start : start + _BATCH]]
        found.append(
            np.asarray(look.predict_on_batch(normalise_canvas(films.canvases[rows], films.spec)), np.float32)
        )
        progress("Computing features", min(start + _BATCH, len(index)), len(index))
    return np.concatenate(found)

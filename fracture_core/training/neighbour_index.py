"""Index of a model's training images, for finding images similar to a new one."""

from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from fracture_core.auxiliary_heads.pooled_features import pooled_features
from fracture_core.errors import ModelError
from fracture_core.imaging import normalise_canvas
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.registry.store import NEIGHBOURS_NAME, ModelStore
from fracture_core.similar.neighbour_index import NeighbourIndex
from fracture_core.training.load_training_data import load_training_data
from fracture_core.training.training_data import TrainingData
from fracture_core.zoo import find_architecture

_BATCH_SIZE = 16


def build_neighbour_index(
    store: ModelStore, model_id: str, root: Path, cache: Path, progress: ProgressCallback
) -> NeighbourIndex:
    """Extract the features of all training and validation images, and save the index with the model.

    Args:
        store: Models on this computer.
        model_id: Model to index.
        root: Folder of the dataset it was trained on.
        cache: Folder of decoded images.
        progress: Progress callback.

    Returns:
        The saved index.

    Raises:
        ModelError: The model is unknown, has no record of its training, or its architecture has no feature layers.
        DataError: The dataset is missing, too small, or its split differs from that of the training.
    """
    architecture = find_architecture(store.card(model_id).architecture)
    if not architecture.feature_layers:
        raise ModelError(f"{architecture.name} has no features for comparing images: choose another model.")
    card, model, data = load_training_data(store, model_id, root, cache, progress)
    extractor = keras.Model(model.input, pooled_features(model, architecture)[0])
    train, val = data.indices_of("train"), data.indices_of("val")
    features = _extract_features(extractor, data, np.concatenate([train, val]), progress)
    index = NeighbourIndex.fit(
        card.weights.sha256,
        data.dataset.root,
        ([data.cases[position] for position in train], features[: len(train)]),
        ([data.cases[position] for position in val], features[len(train) :]),
    )
    index.save(store.root / model_id / NEIGHBOURS_NAME)
    return index


def _extract_features(
    extractor: keras.Model, data: TrainingData, index: NDArray[np.intp], progress: ProgressCallback
) -> NDArray[np.float32]:
    """Extract the features of cases, float32 (len(index), channels)."""
    batches = []
    for start in range(0, len(index), _BATCH_SIZE):
        rows = data.rows[index[start : start + _BATCH_SIZE]]
        inputs = normalise_canvas(data.canvases[rows], data.spec)
        batches.append(np.asarray(extractor.predict_on_batch(inputs), np.float32))
        progress("Computing features", min(start + _BATCH_SIZE, len(index)), len(index))
    return np.concatenate(batches)

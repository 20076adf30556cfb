"""The films that a model of the store was trained on."""

from pathlib import Path

import keras

from fracture_core.errors import DataError, ModelError
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.registry.card import ModelCard
from fracture_core.registry.store import ModelStore
from fracture_core.runs.config import TrainingConfig
from fracture_core.training.training_data import TrainingData
from fracture_core.zoo.ensemble import MEMBER_SEPARATOR


def load_training_data(
    store: ModelStore, model_id: str, root: Path, cache: Path, progress: ProgressCallback | None = None
) -> tuple[ModelCard, keras.Model, TrainingData]:
    """A model and its films, cut as for its training.

    Args:
        store: the models.
        model_id: which of them.
        root: the data set of its training.
        cache: where decoded films may be kept.
        progress: called with the stage, the images done and their number.

    Raises:
        ModelError: the model is unknown, altered, or has no training on record.
        DataError: the data set is missing or cut otherwise than for the training.
    """
    if MEMBER_SEPARATOR in store.card(model_id).architecture:
        raise ModelError(
            f"Expected a model that was trained, but {model_id} is an average of several: name one of its members."
        )
    card, model = store.load(model_id)
    if card.data is None or not card.training:
        raise ModelError(
            f"Expected a model that was trained here, but {model_id} was loaded from weights: its training films are "
            "unknown."
        )
    config = TrainingConfig.from_dict({**card.training, "data": str(root), "backbone_weights": ""})
    films = TrainingData.load(config, cache, progress)
    if films.data.split_hash != card.data.split_hash:
        raise DataError(
            f"Expected the films and the split that {model_id} was trained on, but {root} holds others or is cut "
            "otherwise: name the data set of its training."
        )
    return card, model, films

"""Loading of a stored model together with the dataset it was trained on."""

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
    """Load a model and its dataset with the split of its training.

    Args:
        store: Models on this computer.
        model_id: Model to load.
        root: Folder of the dataset it was trained on.
        cache: Folder of decoded images.
        progress: Called with (stage, images done, images).

    Returns:
        The card, the network and the data.

    Raises:
        ModelError: The model is unknown, was changed, or has no record of its training.
        DataError: The dataset is missing or its split differs from that of the training.
    """
    if MEMBER_SEPARATOR in store.card(model_id).architecture:
        raise ModelError(
            f"{model_id} is an ensemble and has no training data of its own: choose one of its members."
        )
    card, model = store.load(model_id)
    if card.data is None or not card.training:
        raise ModelError(
            f"The training data of {model_id} is unknown, because it was added from a weights file: choose a model "
            "that was trained here."
        )
    config = TrainingConfig.from_dict({**card.training, "data": str(root), "backbone_weights": ""})
    data = TrainingData.load(config, cache, progress)
    if data.dataset.split_hash != card.data.split_hash:
        raise DataError(
            f"{root} differs from the dataset and split that {model_id} was trained on: choose the dataset of its "
            "training."
        )
    return card, model, data

"""Finding settings of a model and their record, from the dataset it was trained on."""

from dataclasses import replace
from pathlib import Path

from fracture_core.findings import measure_findings
from fracture_core.findings.choose_settings import MappedImage, choose_finding_settings, mark_image
from fracture_core.inference.fracture_maps import map_images
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.registry.card import ModelCard
from fracture_core.registry.exported_network import ExportedNetwork
from fracture_core.registry.model_readme import README_NAME, render_readme
from fracture_core.registry.network_files import exported_network_path
from fracture_core.registry.store import CARD_NAME, ModelStore
from fracture_core.training.load_training_data import load_training_data
from fracture_core.training.training_data import TrainingData


def add_findings(card: ModelCard, network: ExportedNetwork, data: TrainingData) -> ModelCard:
    """Choose the finding settings on the validation images and measure them on the validation and the test images.

    Args:
        card: card of the model.
        network: its network.
        data: data it was trained on.

    Returns:
        The card with settings and records; without them for a network without a fracture map, or a dataset with too few
        marked fractures.
    """
    card = replace(card, findings=None, validation_findings=None, test_findings=None)
    settings = choose_finding_settings(_map_split(network, card, data, "val"))
    if settings is None:
        return card
    records = {
        split: measure_findings(
            [mark_image(image, settings) for image in _map_split(network, card, data, split)], settings
        )
        for split in ("val", "test")
    }
    return replace(card, findings=settings, validation_findings=records["val"], test_findings=records["test"])


def remeasure_findings(
    store: ModelStore, model_id: str, root: Path, cache: Path, progress: ProgressCallback | None = None
) -> ModelCard:
    """Choose and measure the findings of a stored model again, and update its card.

    Args:
        store: models on this computer.
        model_id: model to measure.
        root: folder of the dataset it was trained on.
        cache: folder of decoded images.
        progress: called with (stage, images done, images).

    Returns:
        The updated card.

    Raises:
        ModelError: The model is unknown, was changed, or has no record of its training.
        DataError: The dataset is missing or its split differs from that of the training.
    """
    card, _, data = load_training_data(store, model_id, root, cache, progress)
    folder = store.root / model_id
    card = add_findings(card, ExportedNetwork(exported_network_path(folder, card)), data)
    card.save(folder / CARD_NAME)
    (folder / README_NAME).write_text(render_readme(card), encoding="utf-8")
    return card


def _map_split(
    network: ExportedNetwork, card: ModelCard, data: TrainingData, split: str
) -> list[MappedImage]:
    index = data.indices_of(split)
    rows = data.rows[index]
    return map_images(
        network,
        card.input,
        [data.cases[position] for position in index],
        [data.canvases[row] for row in rows],
        [(int(height), int(width)) for height, width in data.sizes[rows]],
    )

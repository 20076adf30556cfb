"""Trust tests of a stored model's heatmap methods on the validation images of its training."""

from dataclasses import replace
from pathlib import Path

from fracture_core.errors import DataError
from fracture_core.explain.trust_record import HeatmapTrust
from fracture_core.inference.heatmap_trust import load_second_model, marked_images, measure_heatmap_trust
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.registry.exported_network import ExportedNetwork
from fracture_core.registry.model_readme import README_NAME, render_readme
from fracture_core.registry.network_files import exported_network_path
from fracture_core.registry.store import CARD_NAME, ModelStore
from fracture_core.training.load_training_data import load_training_data


def add_heatmap_trust(
    store: ModelStore,
    model_id: str,
    root: Path,
    cache: Path,
    second_model: str = "",
    progress: ProgressCallback | None = None,
) -> HeatmapTrust:
    """Test the heatmap methods of a stored model and write the results to its card.

    The default method is chosen by the results, so they are measured on the validation images.

    Args:
        store: models on this computer.
        model_id: model to test.
        root: folder of the dataset it was trained on.
        cache: folder of decoded images.
        second_model: model of another training, to test repeatability; "" for none.
        progress: called with (stage, steps done, steps).

    Returns:
        The results.

    Raises:
        ModelError: A model is unknown, was changed, or has no record of its training.
        DataError: The dataset is missing, its split differs from that of the training, or no fracture is marked.
    """
    second = load_second_model(store, model_id, second_model) if second_model else None
    card, model, data = load_training_data(store, model_id, root, cache, progress)
    index = data.indices_of("val")
    rows = data.rows[index]
    images = marked_images(
        [data.cases[position] for position in index],
        [data.canvases[row] for row in rows],
        [(int(height), int(width)) for height, width in data.sizes[rows]],
    )
    if not images:
        raise DataError(
            f"The heatmaps cannot be tested, because no validation image of {root} marks fractures."
        )
    folder = store.root / model_id
    network = ExportedNetwork(exported_network_path(folder, card))
    trust = measure_heatmap_trust(card, model, network, images, "val", second, progress)
    card = replace(card, heatmap_trust=trust)
    card.save(folder / CARD_NAME)
    (folder / README_NAME).write_text(render_readme(card), encoding="utf-8")
    return trust

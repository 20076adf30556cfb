"""How much evidence is drawn in full colour, method by method, from the validation films."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from fracture_core.explain.explainer import Explainer
from fracture_core.explain.methods import FRACTURE_MAP, GRAD_CAM, HEATMAP_METHODS
from fracture_core.explain.split_model import SplitModel
from fracture_core.imaging import normalise_canvas
from fracture_core.registry.card import ModelCard
from fracture_core.registry.store import CARD_NAME, ModelStore
from fracture_core.training.load_training_data import load_training_data
from fracture_core.training.training_data import TrainingData

# The evidence of nine in ten fractured validation films stays within the scale's range.
_QUANTILE = 0.9

# Films, spread over all fractured ones, on which a method that takes seconds is measured.
_FILMS_OF_SLOW = 24


def measure_heatmap_scales(explainer: Explainer, films: TrainingData) -> dict[str, float]:
    """The scale of each method but the fracture map, which is a probability and has its own.

    Methods differ in what they count, so no scale follows from another's; each is the same quantile of the peaks on
    the same fractured validation films.

    Args:
        explainer: of the network.
        films: what it was trained on.

    Returns:
        By method; without those that find nothing on most films.
    """
    val = films.indices_of("val")
    rows = films.rows[val[films.labels(val) == 1]]
    if not len(rows):
        return {}
    few = rows[np.unique(np.linspace(0, len(rows) - 1, _FILMS_OF_SLOW).round().astype(int))]
    peaks: dict[str, list[float]] = {}
    for row in rows:
        wanted = [
            (name, 1)
            for name, method in HEATMAP_METHODS.items()
            if method != FRACTURE_MAP and (not method.slow or row in few)
        ]
        for (name, _), grid in explainer.heatmaps(
            normalise_canvas(films.canvases[row][None], films.spec), wanted
        ).items():
            peaks.setdefault(name, []).append(float(grid.max()))
    scales = {name: float(np.quantile(found, _QUANTILE)) for name, found in peaks.items()}
    return {name: scale for name, scale in scales.items() if scale > 0 and math.isfinite(scale)}


def remeasure_heatmap_scales(store: ModelStore, model_id: str, root: Path, cache: Path) -> ModelCard:
    """Measures the scales of the methods besides Grad-CAM for a model of the store, and writes its card anew.

    Args:
        store: the models.
        model_id: which of them.
        root: the data set of its training.
        cache: where decoded films may be kept.

    Returns:
        The card as written.

    Raises:
        ModelError: the model is unknown, altered, or has no training on record.
        DataError: the data set is missing or cut otherwise than for the training.
    """
    card, model, films = load_training_data(store, model_id, root, cache)
    scales = measure_heatmap_scales(
        Explainer(model, SplitModel(model, card.heatmap_layer), card.input), films
    )
    card = replace(
        card, heatmap_scales={name: scale for name, scale in scales.items() if name != GRAD_CAM.name}
    )
    card.save(store.root / model_id / CARD_NAME)
    return card

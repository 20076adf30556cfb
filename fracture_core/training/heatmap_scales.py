"""Heatmap scales: the value drawn in full colour for each method, measured on the validation images."""

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

# The peaks of this share of the fractured validation images stay within the scale.
_QUANTILE = 0.9

# Number of evenly spaced images on which slow methods are measured.
_SLOW_SAMPLE = 24


def measure_heatmap_scales(explainer: Explainer, data: TrainingData) -> dict[str, float]:
    """Measure the scale of each method except the fracture map, whose scale is 0–1.

    Methods have different units, so each scale is measured: the same quantile of the peaks on the same fractured
    validation images.

    Args:
        explainer: Heatmaps of the network.
        data: Data it was trained on.

    Returns:
        Scales by method, without methods that find no evidence on most images.
    """
    val = data.indices_of("val")
    rows = data.rows[val[data.labels(val) == 1]]
    if not len(rows):
        return {}
    sample = rows[np.unique(np.linspace(0, len(rows) - 1, _SLOW_SAMPLE).round().astype(int))]
    peaks: dict[str, list[float]] = {}
    for row in rows:
        requests = [
            (name, 1)
            for name, method in HEATMAP_METHODS.items()
            if method != FRACTURE_MAP and (not method.slow or row in sample)
        ]
        inputs = normalise_canvas(data.canvases[row][None], data.spec)
        for (name, _), grid in explainer.heatmaps(inputs, requests).items():
            peaks.setdefault(name, []).append(float(grid.max()))
    scales = {name: float(np.quantile(values, _QUANTILE)) for name, values in peaks.items()}
    return {name: scale for name, scale in scales.items() if scale > 0 and math.isfinite(scale)}


def remeasure_heatmap_scales(store: ModelStore, model_id: str, root: Path, cache: Path) -> ModelCard:
    """Measure the scales of a stored model again, except that of Grad-CAM, and update its card.

    Args:
        store: Models on this computer.
        model_id: Model to measure.
        root: Folder of the dataset it was trained on.
        cache: Folder of decoded images.

    Returns:
        The updated card.

    Raises:
        ModelError: The model is unknown, was changed, or has no record of its training.
        DataError: The dataset is missing or its split differs from that of the training.
    """
    card, model, data = load_training_data(store, model_id, root, cache)
    explainer = Explainer(model, SplitModel(model, card.heatmap_layer), card.input)
    scales = measure_heatmap_scales(explainer, data)
    card = replace(
        card, heatmap_scales={name: scale for name, scale in scales.items() if name != GRAD_CAM.name}
    )
    card.save(store.root / model_id / CARD_NAME)
    return card

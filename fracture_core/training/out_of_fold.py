"""Out-of-fold predictions: logits and map peaks of the films that a fold of a cross-validation held out."""

import shutil
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from fracture_core.evaluation import Interval, summarise
from fracture_core.explain.gradcam import GradCam
from fracture_core.explain.peak import find_peak, is_peak_in_boxes
from fracture_core.imaging import normalise_canvas
from fracture_core.registry.half_precision import round_kernels, save_weights
from fracture_core.registry.weights import WEIGHTS_SUFFIX
from fracture_core.runs.config import TrainingConfig
from fracture_core.runs.run import Run
from fracture_core.training.training_data import TrainingData
from fracture_core.zoo import find_architecture
from fracture_core.zoo.architecture import FRACTURE_MAP_LAYER, LOGIT_LAYER
from fracture_core.zoo.model_views import logit_view, training_view

#: Name of the table in a fold's result.
TABLE = "out_of_fold.csv"

_BATCH = 16


def write_fold(run: Run, films: TrainingData, config: TrainingConfig, model: keras.Model) -> Interval:
    """Writes the result of one fold: the weights and the predictions on its held-out films.

    Args:
        run: the fold's run.
        films: its data; the held-out films are the split "val".
        config: its settings.
        model: the network with the weights of the last epoch; its kernels are rounded to half precision.

    Returns:
        The AUC on the held-out films.
    """
    round_kernels(model)
    table = predict_held_out(films, config, model)
    partial = run.folder / "result.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    table.to_csv(partial / TABLE, index=False, float_format="%.6g", lineterminator="\n")
    save_weights(model, partial / f"{config.architecture}{WEIGHTS_SUFFIX}")
    shutil.rmtree(run.result, ignore_errors=True)
    partial.rename(run.result)
    # The AUC depends on ranks alone, so the sigmoid of an uncalibrated logit serves.
    return summarise(table["label"], 1 / (1 + np.exp(-table["logit"])), table["group"], 0.5).auc


def predict_held_out(films: TrainingData, config: TrainingConfig, model: keras.Model) -> pd.DataFrame:
    """Predicts the held-out films of a fold.

    Args:
        films: the data.
        config: settings of the fold.
        model: the trained network.

    Returns:
        A row for each held-out film with the columns id, fold, group, regions (separated by spaces), hardware (1, 0 or
        empty), label, logit, peak_x and peak_y (strongest point of the heatmap as fractions of the film, empty where
        there is no positive evidence), peak_evidence (its height on the map) and peak_in_box (1 or 0; empty without
        boxes).
    """
    rows = []
    index = films.indices_of("val")
    for start in range(0, len(index), _BATCH):
        part = index[start : start + _BATCH]
        scores, grids = _predict(
            model, config, normalise_canvas(films.canvases[films.rows[part]], films.spec)
        )
        for position, score, grid in zip(part.tolist(), scores, grids, strict=True):
            case, placement = films.cases[position], films.placement(position)
            point = find_peak(grid, placement)
            height, width = placement.source
            rows.append(
                {
                    "id": case.id,
                    "fold": config.fold,
                    "group": case.group,
                    "regions": " ".join(case.regions),
                    "hardware": "" if case.hardware is None else int(case.hardware),
                    "label": case.label,
                    "logit": float(score),
                    "peak_x": "" if point is None else round((point[0] + 0.5) / width, 4),
                    "peak_y": "" if point is None else round((point[1] + 0.5) / height, 4),
                    "peak_evidence": round(float(grid.max()), 4),
                    "peak_in_box": int(is_peak_in_boxes(point, case.boxes, placement)) if case.boxes else "",
                }
            )
    return pd.DataFrame(rows)


def read_folds(folder: Path) -> pd.DataFrame:
    """Reads the out-of-fold tables of all finished folds in the folder of a cross-validation, sorted by id."""
    tables = [pd.read_csv(path, keep_default_na=False) for path in sorted(folder.glob(f"*/result/{TABLE}"))]
    if not tables:
        return pd.DataFrame()
    return pd.concat(tables).sort_values("id", ignore_index=True)


def _predict(model: keras.Model, config: TrainingConfig, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n,) and heatmaps (n, rows, columns) of a batch."""
    row = find_architecture(config.architecture)
    if row.map_stride:
        outputs = training_view(model).predict_on_batch(inputs)
        # Positive evidence above the map's bias is what Grad-CAM of the logit shows, up to a constant.
        bias = model.get_layer(FRACTURE_MAP_LAYER).get_weights()[1]
        return outputs[LOGIT_LAYER][:, 0], np.maximum(outputs[FRACTURE_MAP_LAYER][..., 0] - bias, 0)
    return logit_view(model).predict_on_batch(inputs)[:, 0], GradCam(model, row.heatmap_layer)(inputs)

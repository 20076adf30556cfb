"""Out-of-fold predictions: logits and heatmap peaks of the held-out images of each cross-validation fold."""

import shutil
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

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

#: File name of the table in a fold's result.
TABLE = "out_of_fold.csv"

_BATCH_SIZE = 16


def write_fold(run: Run, data: TrainingData, config: TrainingConfig, model: keras.Model) -> Interval:
    """Write the result of one fold: the weights, and the predictions of its held-out images.

    Args:
        run: Run of the fold.
        data: Data of the fold; the held-out images are the split "val".
        config: Settings of the fold.
        model: Network with the weights of the last epoch; its kernels are rounded to half precision.

    Returns:
        The AUC on the held-out images.
    """
    round_kernels(model)
    table = predict_held_out(data, config, model)
    partial = run.folder / "result.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    table.to_csv(partial / TABLE, index=False, float_format="%.6g", lineterminator="\n")
    save_weights(model, partial / f"{config.architecture}{WEIGHTS_SUFFIX}")
    shutil.rmtree(run.result, ignore_errors=True)
    partial.rename(run.result)
    # The AUC depends only on ranks, so no calibration is needed.
    return summarise(table["label"], 1 / (1 + np.exp(-table["logit"])), table["group"], 0.5).auc


def predict_held_out(data: TrainingData, config: TrainingConfig, model: keras.Model) -> pd.DataFrame:
    """Predict the held-out images of a fold.

    Args:
        data: Data of the fold.
        config: Settings of the fold.
        model: Trained network.

    Returns:
        One row per held-out image with the columns id, fold, group, regions (separated by spaces), hardware (1, 0 or
        empty), label, logit, peak_x and peak_y (heatmap peak as fractions of the image; empty without positive
        evidence), peak_evidence (value of the heatmap there) and peak_in_box (1 or 0; empty without boxes).
    """
    rows = []
    index = data.indices_of("val")
    for start in range(0, len(index), _BATCH_SIZE):
        batch = index[start : start + _BATCH_SIZE]
        scores, grids = _predict(model, config, normalise_canvas(data.canvases[data.rows[batch]], data.spec))
        for position, score, grid in zip(batch.tolist(), scores, grids, strict=True):
            case, transform = data.cases[position], data.transform(position)
            peak = find_peak(grid, transform)
            height, width = transform.source
            rows.append(
                {
                    "id": case.id,
                    "fold": config.fold,
                    "group": case.group,
                    "regions": " ".join(case.regions),
                    "hardware": "" if case.hardware is None else int(case.hardware),
                    "label": case.label,
                    "logit": float(score),
                    "peak_x": "" if peak is None else round((peak[0] + 0.5) / width, 4),
                    "peak_y": "" if peak is None else round((peak[1] + 0.5) / height, 4),
                    "peak_evidence": round(float(grid.max()), 4),
                    "peak_in_box": int(is_peak_in_boxes(peak, case.boxes, transform)) if case.boxes else "",
                }
            )
    return pd.DataFrame(rows)


def read_folds(folder: Path) -> pd.DataFrame:
    """Read the out-of-fold tables of all finished folds.

    Args:
        folder: Folder of the cross-validation.

    Returns:
        One table sorted by id; empty if no fold is finished.
    """
    tables = [pd.read_csv(path, keep_default_na=False) for path in sorted(folder.glob(f"*/result/{TABLE}"))]
    if not tables:
        return pd.DataFrame()
    return pd.concat(tables).sort_values("id", ignore_index=True)


def _predict(
    model: keras.Model, config: TrainingConfig, inputs: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Compute logits (n,) and heatmaps (n, rows, columns) of a batch."""
    architecture = find_architecture(config.architecture)
    if architecture.map_stride:
        outputs = training_view(model).predict_on_batch(inputs)
        # The positive evidence above the bias of the map is proportional to Grad-CAM of the logit.
        bias = model.get_layer(FRACTURE_MAP_LAYER).get_weights()[1]
        return outputs[LOGIT_LAYER][:, 0], np.maximum(outputs[FRACTURE_MAP_LAYER][..., 0] - bias, 0)
    return logit_view(model).predict_on_batch(inputs)[:, 0], GradCam(model, architecture.heatmap_layer)(
        inputs
    )

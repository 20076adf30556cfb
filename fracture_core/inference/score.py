"""Logits of many images at once, and the table of predictions."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fracture_core.datasets.cases import Case, cases_to_frame
from fracture_core.evaluation import PlattCalibration
from fracture_core.file_names import escape_name
from fracture_core.imaging import InputSpec, normalise_canvas
from fracture_core.zoo.model_views import logit_view

_BATCH_SIZE = 16


def compute_logits(
    model: keras.Model, canvases: NDArray[np.uint8], rows: NDArray[np.intp], spec: InputSpec
) -> NDArray[np.float64]:
    """Compute the logits of *fracture*.

    Args:
        model: Network of the zoo.
        canvases: Letterboxed images, uint8 (n, height, width).
        rows: Rows of `canvases` to predict, int (m,).
        spec: Input of the network.

    Returns:
        float64 (m,).
    """
    view = logit_view(model)
    batches = [
        view.predict_on_batch(normalise_canvas(canvases[rows[start : start + _BATCH_SIZE]], spec))[:, 0]
        for start in range(0, len(rows), _BATCH_SIZE)
    ]
    return np.concatenate(batches).astype(np.float64) if batches else np.zeros(0)


def prediction_table(
    cases: Sequence[Case], root: Path, scores: NDArray[np.floating], calibration: PlattCalibration
) -> pd.DataFrame:
    """Build the table that `evaluation.predictions` writes.

    Args:
        cases: Cases that were predicted.
        root: Folder of the dataset; the table contains paths relative to it.
        scores: Logits, float (len(cases),).
        calibration: Calibration from logit to probability.

    Returns:
        One row per case, with the columns of `cases_to_frame` and path, logit and probability.
    """
    return cases_to_frame(cases).assign(
        path=[escape_name(case.path.relative_to(root).as_posix()) for case in cases],
        logit=scores,
        probability=calibration.apply(scores),
    )

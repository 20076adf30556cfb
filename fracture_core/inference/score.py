"""Logits of many films at once, and their table."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from fracture_core.datasets.cases import Case, cases_to_frame
from fracture_core.evaluation import PlattCalibration
from fracture_core.file_names import escape_name
from fracture_core.imaging import InputSpec, normalise_canvas
from fracture_core.zoo.model_views import logit_view

_BATCH = 16


def compute_logits(model: keras.Model, canvases: np.ndarray, rows: np.ndarray, spec: InputSpec) -> np.ndarray:
    """Logits of *fracture*.

    Args:
        model: a network of the zoo.
        canvases: uint8 (n, height, width).
        rows: int (m,), which of them.
        spec: the network's input.

    Returns:
        float64 (m,).
    """
    view = logit_view(model)
    parts = [
        view.predict_on_batch(normalise_canvas(canvases[rows[start : start + _BATCH]], spec))[:, 0]
        for start in range(0, len(rows), _BATCH)
    ]
    return np.concatenate(parts).astype(np.float64) if parts else np.zeros(0)


def prediction_table(
    cases: Sequence[Case], root: Path, scores: np.ndarray, calibration: PlattCalibration
) -> pd.DataFrame:
    """The table that `evaluation.predictions` writes.

    Args:
        cases: the films.
        root: folder of the data set; the table holds paths below it.
        scores: float (len(cases),), their logits.
        calibration: from logit to probability.
    """
    return cases_to_frame(cases).assign(
        path=[escape_name(case.path.relative_to(root).as_posix()) for case in cases],
        logit=scores,
        probability=calibration.apply(scores),
    )

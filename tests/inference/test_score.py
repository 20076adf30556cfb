"""Logits of many images, and the table of predictions."""

from pathlib import Path

import numpy as np
import pytest

from fracture_core.datasets.cases import Case
from fracture_core.evaluation import PlattCalibration
from fracture_core.imaging import normalise_canvas
from fracture_core.inference.score import compute_logits, prediction_table
from fracture_core.training import loop
from fracture_core.zoo.model_views import logit_view


def test_logits_do_not_depend_on_batches(trained_run, training_data, tiny_config):
    model = loop.load_best_model(trained_run, tiny_config)
    rows = np.array([40, 3, 17, *range(20, 40), 0])
    scores = compute_logits(model, training_data.canvases, rows, training_data.spec)
    view = logit_view(model)
    single = [
        float(
            view.predict_on_batch(normalise_canvas(training_data.canvases[row][None], training_data.spec))[
                0, 0
            ]
        )
        for row in rows
    ]
    assert scores.dtype == np.float64
    np.testing.assert_allclose(scores, single, atol=1e-4)
    assert len(set(np.round(scores, 4))) > 10
    assert compute_logits(model, training_data.canvases, rows[:0], training_data.spec).shape == (0,)


def test_prediction_table_has_one_row_per_case():
    root = Path("/films")
    cases = [
        Case("a", root / "x" / "a.png", 1, "val", "g", ("hand", "leg")),
        Case("b", root / "b.png", 0, "test"),
    ]
    table = prediction_table(cases, root, np.array([2.0, -1.0]), PlattCalibration(2.0, 0.5))
    assert list(table["path"]) == ["x/a.png", "b.png"]
    assert list(table["regions"]) == ["hand leg", ""]
    assert table["probability"].tolist() == pytest.approx([1 / (1 + np.exp(-4.5)), 1 / (1 + np.exp(1.5))])
    assert table["logit"].tolist() == [2.0, -1.0]

"""Heatmap scales of each method."""

import numpy as np
import pytest

from fracture_core.errors import DataError
from fracture_core.explain.explainer import Explainer
from fracture_core.explain.gradcam import GradCam
from fracture_core.explain.split_model import SplitModel
from fracture_core.imaging import normalise_canvas
from fracture_core.registry.card import ModelCard
from fracture_core.training import loop
from fracture_core.training.heatmap_scales import measure_heatmap_scales, remeasure_heatmap_scales


def _rows(training_data) -> np.ndarray:
    val = training_data.indices_of("val")
    return training_data.rows[val[training_data.labels(val) == 1]]


def test_scale_is_the_90th_percentile_of_the_peaks(trained_run, training_data, trained_network):
    card = ModelCard.load(trained_run.result / "card.json")
    cam = GradCam(trained_network, card.heatmap_layer)
    peaks = [
        cam(normalise_canvas(training_data.canvases[row][None], training_data.spec)).max()
        for row in _rows(training_data)
    ]
    assert card.heatmap_scale == pytest.approx(np.quantile(peaks, 0.9), rel=1e-5)
    # After two epochs, Grad-CAM++ finds no evidence on most images and gets no scale.
    assert {"layer_cam", "score_cam", "saliency"} <= set(card.heatmap_scales)
    assert min(card.heatmap_scales.values()) > 0


def test_network_with_zero_weights_gets_no_scale(trained_run, training_data, tiny_config):
    model = loop.load_best_model(trained_run, tiny_config)
    head = model.get_layer("logit")
    head.set_weights([np.zeros_like(weight) for weight in head.get_weights()])
    card = ModelCard.load(trained_run.result / "card.json")
    # Score-CAM weights features by the probability, which is one half for every image.
    assert set(
        measure_heatmap_scales(
            Explainer(model, SplitModel(model, card.heatmap_layer), training_data.spec), training_data
        )
    ) <= {"score_cam"}


def test_remeasuring_changes_only_the_scales(store, edit_card, tiny_config, tmp_path):
    before = store.card("tiny")
    edit_card(heatmap_scales={})
    after = remeasure_heatmap_scales(store, "tiny", tiny_config.data, tmp_path / "cache")
    assert after == store.card("tiny")
    assert after.heatmap_scales == pytest.approx(before.heatmap_scales, rel=1e-4)
    assert after.to_json() | {"heatmap_scales": 0} == before.to_json() | {"heatmap_scales": 0}


def test_other_dataset_is_rejected(store, edit_card, tiny_config, tmp_path):
    card = store.card("tiny")
    edit_card(data={**card.to_json()["data"], "split_hash": "0" * 64})
    with pytest.raises(DataError, match="split that tiny was trained on"):
        remeasure_heatmap_scales(store, "tiny", tiny_config.data, tmp_path / "cache")

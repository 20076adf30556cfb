"""Estimated duration of a training from its measured speed."""

import numpy as np
import pytest

from fracture_core.imaging import InputSpec
from fracture_core.runs.config import TrainingConfig
from fracture_core.training import duration_estimate
from fracture_core.training.batches import Batches
from fracture_core.training.duration_estimate import TrainingSpeed
from fracture_core.zoo import Augmentation

SPEED = TrainingSpeed(trained=10.0, head=20.0, judged=40.0, parameters=1, date="2026-01-01")


def _config(**values) -> TrainingConfig:
    return TrainingConfig("/films", "four_block", **values)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"negatives": 0.5},
        {"negatives": 9.0},
        {"sampling": "under"},
        {"sampling": "over"},
        {"doubled": True},
    ],
)
def test_images_per_epoch_match_the_batches(values):
    labels = np.repeat([0, 1], [31, 12])
    batches = Batches(
        np.zeros((43, 4, 4), np.uint8),
        labels,
        np.ones(43),
        InputSpec(4, 4),
        1,
        augmentation=Augmentation(),
        **values,
    )
    assert duration_estimate.images_per_epoch(_config(**values), 31, 12) == len(batches)


def test_epochs_consist_of_training_and_validation():
    # 100 images at 10 per second and 20 at 40 per second, four times.
    assert duration_estimate.estimate_seconds(_config(epochs=4), SPEED, 60, 40, 20) == pytest.approx(4 * 10.5)


def test_head_epochs_have_their_own_speed():
    config = _config(epochs=4, head_epochs=1)
    assert duration_estimate.estimate_seconds(config, SPEED, 60, 40, 20) == pytest.approx(5.5 + 3 * 10.5)


def test_search_is_included():
    config = _config(epochs=4, search_trials=3, search_epochs=2)
    assert duration_estimate.estimate_seconds(config, SPEED, 60, 40, 20) == pytest.approx(
        4 * 10.5 + 3 * 2 * 10.5
    )

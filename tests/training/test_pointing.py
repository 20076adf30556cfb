"""Pointing game with known heatmaps."""

from dataclasses import replace

import numpy as np
import pytest

from fracture_core.training.pointing import measure_pointing
from fracture_core.training.training_data import TrainingData


@pytest.fixture
def data_with_boxes(training_data) -> TrainingData:
    """All fractured images get a box around the upper left quarter."""
    cases = tuple(replace(case, boxes=((0.0, 0.0, 0.5, 0.5),) * case.label) for case in training_data.cases)
    return replace(training_data, cases=cases)


def _cam(row: int, column: int):
    grid = np.zeros((1, 8, 8), np.float32)
    grid[0, row, column] = 1
    return lambda _inputs: grid


def test_share_of_hits(data_with_boxes):
    index = np.arange(len(data_with_boxes.cases))
    fractured = int(data_with_boxes.labels(index).sum())
    for cam, value in ((_cam(2, 2), 1.0), (_cam(6, 6), 0.0)):
        interval = measure_pointing(cam, data_with_boxes, index)
        assert (interval.value, interval.n) == (value, fractured)


def test_no_result_without_boxes(training_data):
    assert measure_pointing(_cam(2, 2), training_data, training_data.indices_of("test")) is None

"""The pointing game over films, with heatmaps that are known."""

from dataclasses import replace

import numpy as np
import pytest

from fracture_core.training.pointing import measure_pointing
from fracture_core.training.training_data import TrainingData


@pytest.fixture
def marked(training_data) -> TrainingData:
    """Every broken film has a box around its upper left quarter."""
    cases = tuple(replace(case, boxes=((0.0, 0.0, 0.5, 0.5),) * case.label) for case in training_data.cases)
    return replace(training_data, cases=cases)


def _cam(row: int, column: int):
    grid = np.zeros((1, 8, 8), np.float32)
    grid[0, row, column] = 1
    return lambda _inputs: grid


def test_it_counts_marked_films(marked):
    index = np.arange(len(marked.cases))
    broken = int(marked.labels(index).sum())
    for cam, value in ((_cam(2, 2), 1.0), (_cam(6, 6), 0.0)):
        found = measure_pointing(cam, marked, index)
        assert (found.value, found.n) == (value, broken)


def test_without_boxes_there_is_no_game(training_data):
    assert measure_pointing(_cam(2, 2), training_data, training_data.indices_of("test")) is None

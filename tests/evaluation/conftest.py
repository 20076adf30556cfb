"""Fixtures shared by the tests of the evaluation package."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest


@dataclass(frozen=True)
class Sample:
    label: np.ndarray
    logit: np.ndarray
    probability: np.ndarray
    group: np.ndarray


@pytest.fixture
def sample() -> Sample:
    """300 cases in 80 groups, a third with a fracture; rounded probabilities produce ties."""
    rng = np.random.default_rng(7)
    group = rng.integers(0, 80, 300)
    label = (rng.random(300) < 0.33).astype(int)
    logit = 1.4 * (2.0 * label - 1) + rng.normal(size=300) + 0.7 * rng.normal(size=80)[group]
    return Sample(label, logit, np.round(1 / (1 + np.exp(-logit)), 2), group)


@pytest.fixture
def six_predictions() -> pd.DataFrame:
    """Six predictions: two correct, two missed fractures and two false alarms at a threshold of 0.5."""
    return pd.DataFrame(
        {
            "id": ["a", "b", "c", "d", "e", "0007"],
            "path": [f"images/{name}.png" for name in "abcdef"],
            "split": ["test", "test", "val", "test", "test", "val"],
            "group": ["1", "1", "2", "", "3", "3"],
            "regions": ["hand", "leg hip", "hand leg", "", "shoulder", "forehand"],
            "label": [1, 0, 1, 1, 0, 0],
            "logit": [2.0, -2.0, -3.0, -0.5, 4.0, 0.25],
            "probability": [0.9, 0.1, 0.04, 0.4, 0.98, 0.56],
        }
    )

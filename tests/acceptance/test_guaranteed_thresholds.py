"""Thresholds with guaranteed predictive values."""

import numpy as np
import pytest
from scipy.stats import binom

from fracture_core.acceptance import guarantee_thresholds
from fracture_core.errors import DataError


def _calibrated(count: int, seed: int, images_per_group: int = 1):
    """Images whose probability of a fracture is their score; images of one group have the same label."""
    rng = np.random.default_rng(seed)
    score = rng.beta(0.5, 1.5, count)
    label = (rng.random(count) < score).astype(int)
    if images_per_group > 1:
        score, label = np.repeat(score, images_per_group), np.repeat(label, images_per_group)
    group = [f"g{number // images_per_group}" for number in range(len(score))]
    return label, score, group


def test_thresholds_keep_their_targets_on_many_images():
    label, score, group = _calibrated(4000, 1)
    low, high = guarantee_thresholds(label, score, group)
    assert low.is_found
    assert high.is_found
    assert low.threshold < high.threshold
    below, above = label[score < low.threshold], label[score >= high.threshold]
    assert (low.images, low.errors) == (len(below), below.sum())
    assert (high.images, high.errors) == (len(above), (1 - above).sum())
    # The exact binomial test rejects both error rates at a sixth of 10%.
    assert binom.cdf(low.errors, low.images, 0.03) <= 0.1 / 6
    assert binom.cdf(high.errors, high.images, 0.25) <= 0.1 / 6


def test_a_random_score_supports_no_threshold():
    rng = np.random.default_rng(0)
    low, high = guarantee_thresholds(rng.integers(0, 2, 500), rng.random(500), [""] * 500)
    assert not low.is_found
    assert not high.is_found


def test_few_images_support_no_threshold_and_state_how_many_are_needed():
    label = np.array([0] * 60 + [1] * 60)
    low, high = guarantee_thresholds(label, np.linspace(0, 1, 120), [""] * 120)
    assert not low.is_found
    # 0.97 to the power of 135 is the first below 0.1 / 6.
    assert low.needed == 135
    assert high.is_found
    assert high.needed == 15
    assert high.errors < high.images / 4


def test_perfect_separation_leaves_nothing_between_the_thresholds_but_the_gap():
    label = np.repeat([0, 1], 500)
    score = np.concatenate([np.linspace(0, 0.3, 500), np.linspace(0.7, 1, 500)])
    low, high = guarantee_thresholds(label, score, [""] * 1000)
    assert low.threshold >= 0.3
    assert high.threshold >= low.threshold
    for found in (low, high):
        assert found.images >= found.needed


def test_a_threshold_that_was_not_tested_is_never_reported():
    """At 2% fractures, any threshold keeps the NPV, so that the lower one could pass all fractures."""
    rng = np.random.default_rng(0)
    label = (np.arange(3000) < 60).astype(int)
    score = np.where(label, 0.8, 0.2) + rng.uniform(-0.1, 0.1, 3000)
    low, high = guarantee_thresholds(label, score, [""] * 3000)
    assert high.is_found
    assert (high.images, high.needed) >= (15, 15)
    assert not low.is_found or low.threshold <= high.threshold
    below = label[score < low.threshold] if low.is_found else np.zeros(0)
    assert below.sum() < 30


def test_images_of_one_group_count_once():
    label, score, group = _calibrated(300, 2, images_per_group=5)
    low, high = guarantee_thresholds(label, score, group)
    one = guarantee_thresholds(label[::5], score[::5], group[::5])
    assert (low, high) == one
    assert max(low.images, high.images) <= 300


def test_no_images_and_impossible_targets():
    low, high = guarantee_thresholds([], [], [])
    assert not low.is_found
    assert not high.is_found
    with pytest.raises(DataError, match="between 0 and 1"):
        guarantee_thresholds([0, 1], [0.1, 0.9], ["", ""], npv=1.0)


@pytest.mark.slow
def test_promised_values_hold_in_nine_of_ten_draws():
    """A fracture probability that depends on the score, so that the true predictive values are known."""
    rng = np.random.default_rng(3)
    population = rng.beta(0.4, 2, 200_000)
    broken = {"low": 0, "high": 0}
    draws = 300
    for seed in range(draws):
        draw = np.random.default_rng(seed)
        score = draw.choice(population, 800)
        label = (draw.random(800) < score).astype(int)
        low, high = guarantee_thresholds(label, score, [""] * 800)
        if low.is_found:
            broken["low"] += population[population < low.threshold].mean() > 0.03
        if high.is_found:
            broken["high"] += 1 - population[population >= high.threshold].mean() > 0.25
    assert broken["low"] <= 0.1 * draws
    assert broken["high"] <= 0.1 * draws

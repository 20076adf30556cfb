"""Platt scaling."""

import json

import numpy as np
import pytest
import statsmodels.api as sm

from fracture_core.errors import DataError
from fracture_core.evaluation import PlattCalibration


def test_fit_matches_statsmodels(sample):
    calibration = PlattCalibration.fit(sample.logit, sample.label)
    intercept, slope = sm.Logit(sample.label, sm.add_constant(sample.logit)).fit(disp=False).params
    assert (calibration.slope, calibration.intercept) == pytest.approx((slope, intercept), abs=1e-4)


def test_mean_probability_is_the_prevalence(sample):
    probability = PlattCalibration.fit(sample.logit, sample.label).apply(sample.logit)
    assert probability.mean() == pytest.approx(sample.label.mean(), abs=1e-5)


def test_fit_is_invariant_to_scale_and_offset_of_the_logits(sample):
    plain = PlattCalibration.fit(sample.logit, sample.label).apply(sample.logit)
    moved = PlattCalibration.fit(1e4 * sample.logit - 7e4, sample.label).apply(1e4 * sample.logit - 7e4)
    assert moved == pytest.approx(plain, abs=1e-6)


def test_apply_handles_large_logits_and_keeps_the_shape():
    probabilities = PlattCalibration(2.0, -1.0).apply([[-1e6, 0.5], [1e6, 0.0]])
    assert probabilities.shape == (2, 2)
    assert probabilities.ravel().tolist() == pytest.approx([0, 0.5, 1, 1 / (1 + np.e)])
    assert float(PlattCalibration.identity().apply(0.0)) == 0.5


@pytest.mark.parametrize("logit", [[-3, -2, 2, 3], [-3e5, -2e5, 2e5, 3e5], [0.0, 1.0, 1.0, 2.0]])
def test_separable_logits_give_a_finite_slope(logit):
    probability = PlattCalibration.fit(logit, [0, 0, 1, 1]).apply(logit)
    # Score equations of the logistic regression on Platt's targets: 3/4 and 1/4 for two cases per class.
    residual = probability - [0.25, 0.25, 0.75, 0.75]
    assert residual.sum() == pytest.approx(0, abs=1e-5)
    assert np.dot(residual, logit) / np.abs(logit).max() == pytest.approx(0, abs=1e-5)
    assert probability.max() < 0.8


@pytest.mark.parametrize("logit", [[3, 2, -2, -3], [1, 1, 1, 1], [2, 1, 1, 0]])
def test_logits_that_do_not_rise_with_the_labels(logit):
    with pytest.raises(DataError, match=r"do not rise with the labels\. Check the label order"):
        PlattCalibration.fit(logit, [0, 0, 1, 1])


@pytest.mark.parametrize(
    ("logit", "label", "message"),
    [
        ([1, 2], [1, 1], "with and without a fracture to calibrate on, got 2 with and 0 without: add"),
        ([], [], "got 0 with and 0 without: add"),
        ([1, np.nan], [0, 1], "Expected finite logits, got nan or infinity"),
        ([1, np.inf], [0, 1], "Expected finite logits"),
        ([1], [0, 1], "as many logits as labels, got 1 and 2"),
        ([1, 2], [0, 3], "Expected labels 0 or 1, got 3"),
    ],
)
def test_invalid_input_is_refused(logit, label, message):
    with pytest.raises(DataError, match=message):
        PlattCalibration.fit(logit, label)


def test_json_round_trip():
    calibration = PlattCalibration(1 / 3, -0.1)
    assert PlattCalibration.from_json(json.loads(json.dumps(calibration.to_json()))) == calibration
    with pytest.raises(DataError, match="slope -1"):
        PlattCalibration.from_json({"slope": -1.0, "intercept": 0.0})
    with pytest.raises(DataError, match=r"^slope: Input should be a valid number"):
        PlattCalibration.from_json({"slope": None, "intercept": 0.0})

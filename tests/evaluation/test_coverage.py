"""Coverage of the verdicts, compared with counts by hand."""

import numpy as np
import pytest

from fracture_core.evaluation import VerdictCoverage, measure_coverage, measure_coverage_by_region
from fracture_core.vocabulary import Verdict

LABEL = [0, 0, 0, 0, 1, 0, 1, 1, 1, 0]
PROBABILITY = [0.01, 0.05, 0.09, 0.02, 0.08, 0.3, 0.4, 0.9, 0.8, 0.7]


def test_worked_example():
    coverage = measure_coverage(LABEL, PROBABILITY, None, 0.1, 0.6)
    share, fractured = coverage.for_verdict(Verdict.NOT_SEEN)
    assert (share.value, share.n) == (0.5, 10)
    assert (fractured.value, fractured.n) == (0.2, 5)
    share, fractured = coverage.for_verdict(Verdict.UNCERTAIN)
    assert (share.value, fractured.value, fractured.n) == (0.2, 0.5, 2)
    share, fractured = coverage.for_verdict(Verdict.SUSPECTED)
    assert share.value == 0.3
    assert fractured.value == pytest.approx(2 / 3)
    assert sum(part.value for part in coverage.share) == pytest.approx(1)
    assert VerdictCoverage.from_json(coverage.to_json()) == coverage


def test_verdict_that_is_not_given():
    coverage = measure_coverage([0, 1], [0.2, 0.3], None, 0.1, 0.9)
    share, fractured = coverage.for_verdict(Verdict.SUSPECTED)
    assert share.value == 0
    assert not fractured.is_measured


def test_clustered_interval_is_wider():
    label, probability = np.tile(LABEL, 4), np.tile(PROBABILITY, 4)
    independent = measure_coverage(label, probability, None, 0.1, 0.6).share[0]
    grouped = measure_coverage(label, probability, np.tile(np.arange(10), 4), 0.1, 0.6).share[0]
    assert grouped.high - grouped.low > independent.high - independent.low


def test_coverage_by_region():
    regions = ["hand"] * 5 + ["leg hand"] + ["leg"] * 4
    coverage = measure_coverage_by_region(LABEL, PROBABILITY, None, regions, 0.1, 0.6)
    assert list(coverage) == ["hand", "leg"]
    assert coverage["hand"].share[0].n == 6
    assert coverage["leg"].share[0].n == 5
    assert coverage["leg"].share[0].value == 0

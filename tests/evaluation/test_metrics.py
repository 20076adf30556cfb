"""Performance summaries, overall and by region."""

import json

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    confusion_matrix,
    precision_score,
    recall_score,
    roc_auc_score,
)

from fracture_core.errors import DataError
from fracture_core.evaluation import Confusion, Summary, count_confusion, summarise, summarise_by_region
from fracture_core.evaluation.metrics import METRIC_TITLES


def test_values_match_scikit_learn(sample):
    summary = summarise(sample.label, sample.probability, sample.group, 0.4)
    flagged = (sample.probability >= 0.4).astype(int)
    tn, fp, fn, tp = confusion_matrix(sample.label, flagged).ravel()
    assert summary.confusion == Confusion(tp=tp, fp=fp, tn=tn, fn=fn)
    assert summary.auc.value == roc_auc_score(sample.label, sample.probability)
    assert summary.sensitivity.value == pytest.approx(recall_score(sample.label, flagged))
    assert summary.specificity.value == pytest.approx(recall_score(sample.label, flagged, pos_label=0))
    assert summary.precision.value == pytest.approx(precision_score(sample.label, flagged))
    assert summary.npv.value == pytest.approx(precision_score(sample.label, flagged, pos_label=0))
    assert summary.accuracy.value == pytest.approx(accuracy_score(sample.label, flagged))
    assert summary.brier == pytest.approx(brier_score_loss(sample.label, sample.probability))
    assert (summary.n, summary.positives, summary.groups) == (300, sample.label.sum(), len(set(sample.group)))
    assert (summary.sensitivity.n, summary.precision.n) == (tp + fn, tp + fp)


def test_intervals_contain_their_value(sample):
    summary = summarise(sample.label, sample.probability, sample.group, 0.4)
    for name in METRIC_TITLES:
        interval = getattr(summary, name)
        assert interval.low < interval.value < interval.high


def test_case_at_the_threshold_is_flagged():
    assert count_confusion([1, 0], [0.5, 0.5], 0.5) == Confusion(tp=1, fp=1, tn=0, fn=0)


@pytest.mark.parametrize("label", [[], [1], [0, 0], [1, 1, 1]])
@pytest.mark.parametrize("threshold", [0.1, 0.9])
def test_undefined_metrics_of_degenerate_samples(label, threshold):
    summary = summarise(label, [0.5] * len(label), None, threshold)
    assert summary.n == len(label)
    assert not summary.auc.is_measured
    assert summary.sensitivity.is_measured == (1 in label)
    assert summary.specificity.is_measured == (0 in label)
    restored = Summary.from_json(json.loads(json.dumps(summary.to_json(), allow_nan=False)))
    assert restored.to_json() == summary.to_json()


def test_json_round_trip_is_lossless(sample):
    summary = summarise(sample.label, sample.probability, sample.group, 1 / 3)
    assert Summary.from_json(json.loads(json.dumps(summary.to_json(), allow_nan=False))) == summary


def test_incomplete_json_is_refused(sample):
    payload = summarise(sample.label, sample.probability, None, 0.5).to_json()
    del payload["npv"]
    with pytest.raises(DataError, match=r"^npv: "):
        Summary.from_json(payload)


def test_table_of_metrics(sample):
    table = summarise(sample.label, sample.probability, sample.group, 0.5).to_frame()
    assert table["metric"].tolist() == list(METRIC_TITLES.values())
    assert table["text"].str.contains("95% CI").all()


def test_regions_can_overlap_and_have_a_fixed_order():
    label = [1, 0, 1, 0, 1]
    regions = ["leg hand", "hand", "", "wrist", "leg"]
    summaries = summarise_by_region(label, [0.9, 0.2, 0.5, 0.4, 0.1], list("aabcd"), regions, 0.5)
    assert list(summaries) == ["hand", "leg", "wrist"]
    assert [summary.n for summary in summaries.values()] == [2, 2, 1]
    assert summaries["leg"].sensitivity.value == 0.5
    assert summaries["hand"].groups == 1
    lists = [text.split() for text in regions]
    assert (
        summarise_by_region(label, [0.9, 0.2, 0.5, 0.4, 0.1], list("aabcd"), lists, 0.5).keys()
        == summaries.keys()
    )


def test_wrong_number_of_regions():
    with pytest.raises(DataError, match="Expected regions for each of 2 cases, got 1: use"):
        summarise_by_region([0, 1], [0.1, 0.2], None, ["hand"], 0.5)


def test_summary_of_a_region_is_that_of_its_cases(sample):
    regions = np.where(sample.group % 2 == 0, "hand", "leg").tolist()
    hand = sample.group % 2 == 0
    hand_cases = summarise(sample.label[hand], sample.probability[hand], sample.group[hand], 0.5)
    hand_of_regions = summarise_by_region(sample.label, sample.probability, sample.group, regions, 0.5)[
        "hand"
    ]
    assert hand_of_regions.auc.low == pytest.approx(hand_cases.auc.low)
    assert hand_of_regions.sensitivity == hand_cases.sensitivity
    assert hand_of_regions.mcc == hand_cases.mcc

"""Labels below the probability scale do not overlap and stay inside it."""

import itertools

import pytest

from pages.components.second_opinion.probability_scale import scale_labels, threshold_text

_THRESHOLDS = [0, 0.001, 0.004, 0.02, 0.03, 0.06, 0.1, 0.28, 0.3, 0.5, 0.52, 0.7, 0.9, 0.93, 0.97, 0.995, 1]


@pytest.mark.parametrize(
    ("low", "high"), [pair for pair in itertools.product(_THRESHOLDS, _THRESHOLDS) if pair[0] <= pair[1]]
)
def test_labels_do_not_overlap(low, high):
    labels = scale_labels(low, high)
    spans = [tick.span for tick in labels]
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(spans))
    assert spans[0][0] >= 0
    assert spans[-1][1] <= 1
    text = " ".join(tick.text for tick in labels)
    assert threshold_text(low) in text
    assert threshold_text(high) in text


def test_thresholds_near_the_ends_are_not_rounded_away():
    assert [threshold_text(share) for share in (0, 0.004, 0.03, 0.5, 0.996, 1)] == [
        "0%",
        "0.4%",
        "3%",
        "50%",
        "99.6%",
        "100%",
    ]

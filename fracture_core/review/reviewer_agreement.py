"""Agreement between reviewers on the images that both marked."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from sklearn.metrics import confusion_matrix
from statsmodels.stats.inter_rater import cohens_kappa

from fracture_core.evaluation.interval import Interval
from fracture_core.review.annotation import ANNOTATIONS, Review


class ReviewerAgreement(NamedTuple):
    """Agreement of two reviewers.

    Attributes:
        first: name of the first reviewer.
        second: name of the second reviewer.
        same: number of images with the same mark from both.
        kappa: Cohen's kappa over all marks, with n = images marked by both. Unknown if there is no such image, or
            if both always gave the same single mark, so that agreement by chance is certain.
    """

    first: str
    second: str
    same: int
    kappa: Interval


def measure_agreement(reviews: Sequence[Review]) -> list[ReviewerAgreement]:
    """Measure the agreement of every pair of reviewers, sorted by name.

    Source:
        J. Cohen, "A Coefficient of Agreement for Nominal Scales", Educational and Psychological Measurement 20,
        1960; computed with statsmodels.
    """
    marks: dict[str, dict[str, str]] = {}
    for review in reviews:
        marks.setdefault(review.reviewer, {})[review.case] = review.mark
    return [_measure_pair(first, second, marks) for first, second in combinations(sorted(marks), 2)]


def _measure_pair(first: str, second: str, marks: dict[str, dict[str, str]]) -> ReviewerAgreement:
    shared = sorted(marks[first].keys() & marks[second].keys())
    first_marks, second_marks = ([marks[name][case] for case in shared] for name in (first, second))
    same = sum(one == other for one, other in zip(first_marks, second_marks, strict=True))
    if len({*first_marks, *second_marks}) < 2:
        return ReviewerAgreement(first, second, same, Interval.unknown(len(shared)))
    table = confusion_matrix(first_marks, second_marks, labels=ANNOTATIONS)
    # With a single image, the estimated variance can be negative; there is no interval then.
    with np.errstate(divide="ignore", invalid="ignore"):
        result = cohens_kappa(table)
    low, high = np.clip([result.kappa_low, result.kappa_upp], -1, 1)
    # Complete agreement or disagreement has no variance, so no interval can be estimated.
    ends = (float(low), float(high)) if result.std_kappa > 0 else (float("nan"), float("nan"))
    return ReviewerAgreement(first, second, same, Interval(float(result.kappa), *ends, len(shared)))

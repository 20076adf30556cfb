"""How far two reviewers agree on the films that both marked."""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from sklearn.metrics import confusion_matrix
from statsmodels.stats.inter_rater import cohens_kappa

from fracture_core.evaluation.interval import Interval
from fracture_core.review.annotation import ANNOTATIONS, Review


class ReviewerAgreement(NamedTuple):
    """Two reviewers.

    Attributes:
        first: by name.
        second: by name.
        same: films that both gave the same mark.
        kappa: Cohen's kappa over the marks, with n = films that both marked; unknown where they share no film,
            or where both gave one and the same mark throughout, for chance alone then agrees as well.
    """

    first: str
    second: str
    same: int
    kappa: Interval


def measure_agreement(reviews: Sequence[Review]) -> list[ReviewerAgreement]:
    """Every pair of reviewers, by name."""
    marks: dict[str, dict[str, str]] = {}
    for review in reviews:
        marks.setdefault(review.reviewer, {})[review.case] = review.mark
    return [_pair(first, second, marks) for first, second in combinations(sorted(marks), 2)]


def _pair(first: str, second: str, marks: dict[str, dict[str, str]]) -> ReviewerAgreement:
    shared = sorted(marks[first].keys() & marks[second].keys())
    ours, theirs = ([marks[name][case] for case in shared] for name in (first, second))
    same = sum(one == other for one, other in zip(ours, theirs, strict=True))
    if len({*ours, *theirs}) < 2:
        return ReviewerAgreement(first, second, same, Interval.unknown(len(shared)))
    table = confusion_matrix(ours, theirs, labels=ANNOTATIONS)
    # With one film the variance may come out below zero; its root is then no number, and there is no interval.
    with np.errstate(divide="ignore", invalid="ignore"):
        found = cohens_kappa(table)
    low, high = np.clip([found.kappa_low, found.kappa_upp], -1, 1)
    # Few films that all agree, or none, have no spread to make an interval of.
    ends = (float(low), float(high)) if found.std_kappa > 0 else (float("nan"), float("nan"))
    return ReviewerAgreement(first, second, same, Interval(float(found.kappa), *ends, len(shared)))

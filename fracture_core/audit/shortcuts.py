"""Whether the label can be guessed without looking at a bone.

A network takes whatever helps. Where films with a fracture come from another device, or are larger, or
carry another marker, it learns the device. Each property is measured alone, by the area under the ROC
curve that it reaches, and all of them together by a small model that never sees a pixel.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedGroupKFold
from statsmodels.stats.multitest import multipletests
from threadpoolctl import threadpool_limits

from fracture_core.audit.audited_images import AuditedImages
from fracture_core.audit.finding import Finding, Level
from fracture_core.audit.shortcut_features import (
    SHORTCUT_FEATURES,
    ShortcutFeature,
    dataset_features,
    feature_table,
)
from fracture_core.audit.wording import share_text
from fracture_core.evaluation.auc import auc_interval, auc_variance
from fracture_core.evaluation.interval import Interval
from fracture_core.evaluation.scored_cases import check_scored_cases
from fracture_core.vocabulary import finding_with_article

#: Level of the tests, after Holm's correction for looking at many properties.
_LEVEL = 0.05

#: Area of the ROC curve from which a property deserves a warning and not a note.
WARN_AUC = 0.60

#: Properties that get a sentence among the findings; the table has all.
_MAX_SHORTCUTS = 4

_ADVICE = "A network can learn this instead of the bone. Compare scores among films that are alike in it."

_FOLDS = 5
_MIN_FILES = 20


@dataclass(frozen=True)
class Shortcut:
    """How well one property alone tells the label.

    Attributes:
        name: of the property, or "all together".
        words: what a reader calls it.
        auc: area under the ROC curve, turned so that it is at least 0.5, with a clustered interval.
        real: whether it differs from 0.5 after correction for looking at many.
        sentence: what it comes to on this set, by chance or not.
    """

    name: str
    words: str
    auc: Interval
    real: bool
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """The shortcut as plain JSON values."""
        return {
            "name": self.name,
            "words": self.words,
            "auc": self.auc.to_json(),
            "real": self.real,
            "sentence": self.sentence,
        }


def measure_shortcuts(every: AuditedImages, finding: str) -> list[Shortcut]:
    """Measures every property of the readable films.

    Args:
        every: the films.
        finding: what label 1 means.

    Returns:
        The properties, the strongest first, after “all together”; empty where a class has too few films.
    """
    rows = np.flatnonzero(every.readable)
    labels, groups = every.labels[rows], every.groups[rows]
    if min(np.bincount(labels, minlength=2)) < _MIN_FILES:
        return []
    facts = [every.facts[row] for row in rows.tolist()]
    features = [*SHORTCUT_FEATURES, *dataset_features(facts)]
    values = feature_table(features, facts)
    varied = np.ptp(values, axis=0) > 0
    features = [feature for feature, keep in zip(features, varied, strict=True) if keep]
    values = values[:, varied]
    if not features:
        return []
    measured = [_measure(column, labels, groups) for column in values.T]
    real = multipletests([p for _, p in measured], alpha=_LEVEL, method="holm")[0]
    found = [
        Shortcut(
            feature.name,
            feature.words,
            area,
            bool(is_real),
            _sentence(feature, column, labels, finding),
        )
        for feature, column, (area, _), is_real in zip(features, values.T, measured, real, strict=True)
    ]
    found.sort(key=lambda shortcut: -shortcut.auc.value)
    return [*_combined_auc(values, labels, groups), *found]


def shortcut_findings(found: Sequence[Shortcut]) -> list[Finding]:
    """What the measured properties have to say."""
    real = [shortcut for shortcut in found if shortcut.real]
    if not found:
        return []
    if not real:
        return [
            Finding("shortcuts_good", Level.GOOD, "No property of the files by itself gives the label away.")
        ]
    return [
        Finding(
            f"shortcut_{shortcut.name.replace(' ', '_')}",
            Level.WARNING if shortcut.auc.value >= WARN_AUC else Level.NOTE,
            shortcut.sentence,
            _ADVICE if rank == 0 else "",
        )
        for rank, shortcut in enumerate(real[:_MAX_SHORTCUTS])
    ]


def _measure(
    values: NDArray[np.float64], labels: NDArray[np.int64], groups: NDArray[np.int64]
) -> tuple[Interval, float]:
    """Area of the ROC curve, at least 0.5, and the p-value of its difference from 0.5."""
    ranks = stats.rankdata(values) / (len(values) + 1)
    cases = check_scored_cases(labels, ranks, groups)
    area = auc_interval(cases)
    if area.value < 0.5:
        cases = check_scored_cases(labels, 1 - ranks, groups)
        area = auc_interval(cases)
    variance = auc_variance(cases)
    if not (0 < area.value < 1 and variance > 0):
        return area, 0.0 if area.low > 0.5 else 1.0
    error = math.sqrt(variance) / (area.value * (1 - area.value))
    return area, float(2 * stats.norm.sf(abs(special.logit(area.value)) / error))


def _sentence(
    feature: ShortcutFeature, values: NDArray[np.float64], labels: NDArray[np.int64], finding: str
) -> str:
    """The cut that tells the classes apart best, in words."""
    cuts = np.unique(values)
    cuts = cuts[1:] if len(cuts) <= 256 else np.unique(np.quantile(values, np.linspace(0.01, 0.99, 99)))
    positive, negative = (np.sort(values[labels == label]) for label in (1, 0))
    reached = [1 - np.searchsorted(part, cuts) / len(part) for part in (positive, negative)]
    best = int(np.abs(reached[0] - reached[1]).argmax())
    with_it, without = (float(part[best]) for part in reached)
    what = feature.above.format(cut=feature.as_text(float(cuts[best])))
    return (
        f"{share_text(with_it)} of films with {finding_with_article(finding)}, but {share_text(without)} of the "
        f"others, {what}."
    )


def _combined_auc(
    values: NDArray[np.float64], labels: NDArray[np.int64], groups: NDArray[np.int64]
) -> list[Shortcut]:
    """A small model on all properties, judged on groups that it has not seen."""
    folds = min(_FOLDS, *(len(set(groups[labels == label].tolist())) for label in (0, 1)))
    if folds < 2:
        return []
    guess = np.zeros(len(labels))
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=0)
    for learn, judge in splitter.split(values, labels, groups):
        if len(set(labels[learn].tolist())) < 2:
            return []
        model = HistGradientBoostingClassifier(
            max_iter=40, max_depth=3, min_samples_leaf=20, early_stopping=False, random_state=0
        )
        # On a busy machine its threads wait for each other far longer than one takes alone.
        with threadpool_limits(1, user_api="openmp"):
            model.fit(values[learn], labels[learn])
            guess[judge] = model.predict_proba(values[judge])[:, 1]
    area = auc_interval(check_scored_cases(labels, guess, groups))
    real = area.low > 0.5
    sentence = (
        f"A small model that is told these properties, and never sees a bone, reaches an AUC of {area.text()} on "
        "groups it has not seen."
    )
    return [Shortcut("all together", "all of these together", area, real, sentence)]

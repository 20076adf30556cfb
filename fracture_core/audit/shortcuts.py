"""Shortcuts: how well file and image properties predict the label without the anatomy.

If fractured images come from another device, are larger or carry another marker, a network may learn
that instead of the fracture. Each property is measured alone by its area under the ROC curve. All of
them together are measured by a small cross-validated model.
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

# Significance level, after Holm's correction for multiple tests.
_SIGNIFICANCE = 0.05

#: AUC from which a property is a warning and not a note.
WARN_AUC = 0.60

# Maximum number of properties among the findings. The table contains all.
_MAX_SHORTCUTS = 4

_ADVICE = "A network can learn this instead of the anatomy. Compare scores among images with similar values."

_FOLDS = 5
_MIN_FILES = 20


@dataclass(frozen=True)
class Shortcut:
    """How well one property alone predicts the label.

    Attributes:
        name: of the property, or "all together".
        words: title for users.
        auc: area under the ROC curve, at least 0.5 (reversed if needed), with its 95% interval clustered by
            group.
        real: whether it differs significantly from 0.5 after Holm's correction.
        sentence: the best separating value in this dataset, significant or not.
    """

    name: str
    words: str
    auc: Interval
    real: bool
    sentence: str

    def to_json(self) -> dict[str, Any]:
        """Return the shortcut as JSON-serialisable values."""
        return {
            "name": self.name,
            "words": self.words,
            "auc": self.auc.to_json(),
            "real": self.real,
            "sentence": self.sentence,
        }


def measure_shortcuts(images: AuditedImages, finding: str) -> list[Shortcut]:
    """Measure how well each property of the readable files predicts the label.

    Args:
        images: the images of the audit.
        finding: what label 1 means, a name in `vocabulary.FINDINGS`.

    Returns:
        All properties combined, then each property, highest AUC first. Empty if a class has fewer than 20
        images.
    """
    rows = np.flatnonzero(images.readable)
    labels, groups = images.labels[rows], images.groups[rows]
    if min(np.bincount(labels, minlength=2)) < _MIN_FILES:
        return []
    facts = [images.facts[row] for row in rows.tolist()]
    features = [*SHORTCUT_FEATURES, *dataset_features(facts)]
    values = feature_table(features, facts)
    varies = np.ptp(values, axis=0) > 0
    features = [feature for feature, keep in zip(features, varies, strict=True) if keep]
    values = values[:, varies]
    if not features:
        return []
    measured = [_measure(column, labels, groups) for column in values.T]
    significant = multipletests([p for _, p in measured], alpha=_SIGNIFICANCE, method="holm")[0]
    shortcuts = [
        Shortcut(
            feature.name,
            feature.words,
            auc,
            bool(real),
            _sentence(feature, column, labels, finding),
        )
        for feature, column, (auc, _), real in zip(features, values.T, measured, significant, strict=True)
    ]
    shortcuts.sort(key=lambda shortcut: -shortcut.auc.value)
    return [*_combined_auc(values, labels, groups), *shortcuts]


def shortcut_findings(shortcuts: Sequence[Shortcut]) -> list[Finding]:
    """Turn measured shortcuts into findings.

    Args:
        shortcuts: the result of `measure_shortcuts`.

    Returns:
        The strongest significant shortcuts; one finding of level GOOD if there are none.
    """
    significant = [shortcut for shortcut in shortcuts if shortcut.real]
    if not shortcuts:
        return []
    if not significant:
        return [
            Finding("shortcuts_good", Level.GOOD, "No file or image property predicts the label on its own.")
        ]
    return [
        Finding(
            f"shortcut_{shortcut.name.replace(' ', '_')}",
            Level.WARNING if shortcut.auc.value >= WARN_AUC else Level.NOTE,
            shortcut.sentence,
            _ADVICE if rank == 0 else "",
        )
        for rank, shortcut in enumerate(significant[:_MAX_SHORTCUTS])
    ]


def _measure(
    values: NDArray[np.float64], labels: NDArray[np.int64], groups: NDArray[np.int64]
) -> tuple[Interval, float]:
    """Return the AUC of one property, at least 0.5, and the p-value of its difference from 0.5."""
    ranks = stats.rankdata(values) / (len(values) + 1)
    cases = check_scored_cases(labels, ranks, groups)
    auc = auc_interval(cases)
    if auc.value < 0.5:
        cases = check_scored_cases(labels, 1 - ranks, groups)
        auc = auc_interval(cases)
    variance = auc_variance(cases)
    if not (0 < auc.value < 1 and variance > 0):
        return auc, 0.0 if auc.low > 0.5 else 1.0
    # Wald test on the logit scale (delta method).
    standard_error = math.sqrt(variance) / (auc.value * (1 - auc.value))
    return auc, float(2 * stats.norm.sf(abs(special.logit(auc.value)) / standard_error))


def _sentence(
    feature: ShortcutFeature, values: NDArray[np.float64], labels: NDArray[np.int64], finding: str
) -> str:
    """Describe the threshold that separates the classes best (largest Youden index)."""
    cuts = np.unique(values)
    cuts = cuts[1:] if len(cuts) <= 256 else np.unique(np.quantile(values, np.linspace(0.01, 0.99, 99)))
    positive, negative = (np.sort(values[labels == label]) for label in (1, 0))
    above = [1 - np.searchsorted(part, cuts) / len(part) for part in (positive, negative)]
    best = int(np.abs(above[0] - above[1]).argmax())
    share_positive, share_negative = (float(part[best]) for part in above)
    predicate = feature.above.format(cut=feature.as_text(float(cuts[best])))
    return (
        f"{share_text(share_positive)} of the images with {finding_with_article(finding)} but "
        f"{share_text(share_negative)} of the others {predicate}."
    )


def _combined_auc(
    values: NDArray[np.float64], labels: NDArray[np.int64], groups: NDArray[np.int64]
) -> list[Shortcut]:
    """Cross-validate a small model on all properties, with folds split by group."""
    folds = min(_FOLDS, *(len(set(groups[labels == label].tolist())) for label in (0, 1)))
    if folds < 2:
        return []
    predicted = np.zeros(len(labels))
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=0)
    for train, test in splitter.split(values, labels, groups):
        if len(set(labels[train].tolist())) < 2:
            return []
        model = HistGradientBoostingClassifier(
            max_iter=40, max_depth=3, min_samples_leaf=20, early_stopping=False, random_state=0
        )
        # One thread: on a busy machine several threads spend most of the time waiting for each other.
        with threadpool_limits(1, user_api="openmp"):
            model.fit(values[train], labels[train])
            predicted[test] = model.predict_proba(values[test])[:, 1]
    auc = auc_interval(check_scored_cases(labels, predicted, groups))
    sentence = (
        f"A small model that sees only these properties reaches an AUC of {auc.text()} on groups it was not "
        "trained on."
    )
    return [Shortcut("all together", "all combined", auc, auc.low > 0.5, sentence)]

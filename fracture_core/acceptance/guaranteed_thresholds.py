"""Thresholds with a guaranteed predictive value on images like those they were fitted on.

A threshold is accepted if an exact binomial test rejects that its predictive value is below the target. Many thresholds
are tried, so the tests form six sequences that start at fixed quantiles of the probabilities, each at a sixth of the
error level; a sequence goes on to the next threshold as long as its test rejects, and ends at the first that does not.
With the stated confidence, all accepted thresholds then keep the target. Quantiles are known before any label is used.

Images of one group are not independent, so one image of each group, drawn at random with a fixed seed, is used.

Sources:
    A. N. Angelopoulos, S. Bates, E. J. Candès, M. I. Jordan and L. Lei, "Learn then test: calibrating predictive
    algorithms to achieve risk control", Annals of Applied Statistics 19, 2025 (fixed sequence testing).
    C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial",
    Biometrika 26, 1934.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy.special
from numpy.typing import ArrayLike, NDArray

from fracture_core.errors import DataError
from fracture_core.io.json_record import Count, JsonRecord, MeasuredNumber

#: Targets of the negative and the positive predictive value, and confidence of both guarantees.
NPV_TARGET, PPV_TARGET, CONFIDENCE = 0.97, 0.75, 0.9

# Shares of the images that the first threshold of each sequence selects. Most images have no fracture, so the upper
# threshold selects fewer.
_LOW_STARTS = (0.1, 0.2, 0.35, 0.5, 0.65, 0.8)
_HIGH_STARTS = (0.02, 0.05, 0.1, 0.15, 0.25, 0.4)

# Share of the images between two thresholds of a sequence.
_STEP = 0.02

_SEED = 0


@dataclass(frozen=True)
class GuaranteedThreshold(JsonRecord):
    """A threshold that keeps a predictive value, or why there is none.

    Attributes:
        threshold: the threshold, 0–1; nan if too few images support one.
        target: the predictive value that it keeps, 0–1.
        confidence: confidence of the guarantee, 0–1.
        images: images, one of each group, on its side of the threshold; 0 without a threshold.
        errors: those of them with the other label.
        needed: images on one side of a threshold that are needed even without any error.
    """

    threshold: MeasuredNumber
    target: float
    confidence: float
    images: Count
    errors: Count
    needed: Count

    @property
    def is_found(self) -> bool:
        """Whether there is a threshold."""
        return not math.isnan(self.threshold)


def guarantee_thresholds(
    label: ArrayLike,
    probability: ArrayLike,
    group: ArrayLike,
    npv: float = NPV_TARGET,
    ppv: float = PPV_TARGET,
    confidence: float = CONFIDENCE,
) -> tuple[GuaranteedThreshold, GuaranteedThreshold]:
    """Find the thresholds of *no fracture seen* and *fracture suspected* with guaranteed predictive values.

    Args:
        label: 0 or 1, shape (n,).
        probability: probability of the finding, 0–1, shape (n,).
        group: group of each image, shape (n,); "" for an image that is a group of its own.
        npv: target of the negative predictive value below the first threshold, 0–1.
        ppv: target of the positive predictive value from the second threshold on, 0–1.
        confidence: confidence of each guarantee, 0–1.

    Returns:
        The first threshold and the second one, both accepted by the test: the pair with the highest first threshold
        that does not exceed the second, and then with the lowest second one. If all pairs overlap, only the second.

    Raises:
        DataError: a target or the confidence is not between 0 and 1.
    """
    for value in (npv, ppv, confidence):
        if not 0 < value < 1:
            raise DataError(f"Targets and confidence must be between 0 and 1, but one is {value}.")
    used = _one_of_each_group(np.asarray(group, object))
    labels = np.asarray(label, np.int64)[used]
    scores = np.asarray(probability, np.float64)[used]
    lows = _search(labels, scores, npv, confidence, _LOW_STARTS)
    # From above, fractures are the expected label.
    highs = [_mirrored(found) for found in _search(1 - labels, -scores, ppv, confidence, _HIGH_STARTS)]
    pairs = [(low, high) for low in lows for high in highs if low.threshold <= high.threshold]
    if pairs:
        return max(pairs, key=lambda pair: (pair[0].threshold, -pair[1].threshold))
    no_low = _not_found(npv, confidence, _LOW_STARTS)
    no_high = _not_found(ppv, confidence, _HIGH_STARTS)
    if highs:
        # A missed fracture is the worse error, so of two thresholds that overlap the upper one is kept.
        return no_low, min(highs, key=lambda found: found.threshold)
    return max(lows, key=lambda found: found.threshold, default=no_low), no_high


def _one_of_each_group(group: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return the positions of one random image of each group, in order."""
    order = np.random.default_rng(_SEED).permutation(len(group))
    kept: dict[object, int] = {}
    for position in order:
        name = group[position]
        kept.setdefault(("", int(position)) if name in ("", None) else name, int(position))
    return np.array(sorted(kept.values()), np.int64)


def _search(
    errors: NDArray[np.int64],
    scores: NDArray[np.float64],
    target: float,
    confidence: float,
    starts: tuple[float, ...],
) -> list[GuaranteedThreshold]:
    """Find all thresholds that are accepted: below each, the share of errors is at most 1 − target."""
    total = len(scores)
    if not total:
        return []
    ordered, needed = np.sort(scores), _needed(target, confidence, starts)
    level = (1 - confidence) / len(starts)
    accepted = []
    for start in starts:
        for share in np.arange(start, 1 + 1e-9, _STEP):
            # At the last step, all images are selected.
            place = round(share * total)
            threshold = float(ordered[place]) if place < total else float(np.nextafter(ordered[-1], np.inf))
            selected = scores < threshold
            count, wrong = int(selected.sum()), int(errors[selected].sum())
            if not count or scipy.special.bdtr(wrong, count, 1 - target) > level:
                break
            accepted.append(GuaranteedThreshold(threshold, target, confidence, count, wrong, needed))
    return accepted


def _needed(target: float, confidence: float, starts: tuple[float, ...]) -> int:
    """Return how many images a threshold must select to be accepted without any error."""
    return math.ceil(math.log((1 - confidence) / len(starts)) / math.log(target))


def _not_found(target: float, confidence: float, starts: tuple[float, ...]) -> GuaranteedThreshold:
    return GuaranteedThreshold(math.nan, target, confidence, 0, 0, _needed(target, confidence, starts))


def _mirrored(found: GuaranteedThreshold) -> GuaranteedThreshold:
    """Convert a threshold on negated probabilities: what is above −t there is from t on here."""
    threshold = float(np.nextafter(-found.threshold, np.inf))
    return GuaranteedThreshold(
        threshold, found.target, found.confidence, found.images, found.errors, found.needed
    )

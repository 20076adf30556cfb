"""Free-response ROC: how many fractures are marked at how many false marks per image.

Sources: D. P. Chakraborty, "Maximum likelihood analysis of free-response receiver operating characteristic (FROC)
data", Med. Phys. 16, 1989 (FROC); D. P. Chakraborty and K. S. Berbaum, "Observer studies involving detection and
localization: modeling, analysis, and validation", Med. Phys. 31, 2004 (JAFROC figure of merit).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fracture_core.datasets.cases import Box
from fracture_core.evaluation.bootstrap import RESAMPLES, SEED
from fracture_core.evaluation.interval import CONFIDENCE_LEVEL, Interval

#: False marks per image at which the sensitivity is reported.
FALSE_MARK_RATES = (0.1, 0.2, 0.5, 1.0)

#: Whether a mark (first box) hits a lesion (second box).
HitRule = Callable[[Box, Box], bool]


@dataclass(frozen=True)
class MarkedImage:
    """One image with its lesions and the marks of a reader.

    Attributes:
        lesions: boxes of the lesions; empty for a normal image.
        marks: boxes with their ratings; a higher rating is more suspicious.
        group: images of one group are resampled together.
        regions: body regions of the image.
    """

    lesions: tuple[Box, ...]
    marks: tuple[tuple[Box, float], ...]
    group: str = field(default="", kw_only=True)
    regions: tuple[str, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True)
class FreeResponse:
    """Marks of a reader on a set of images, sorted into hits and false marks.

    A lesion has the highest rating of the marks that hit it, minus infinity if none does. A mark that hits no lesion is
    false. An image's false rating is the highest of its false marks, minus infinity without one.

    Attributes:
        lesion_ratings: float (lesions,).
        lesion_groups: group of each lesion, int (lesions,).
        false_ratings: float (false marks,).
        false_groups: group of each false mark, int (false marks,).
        normal_ratings: false rating of each image without lesions, float (normal images,).
        normal_groups: group of each such image, int (normal images,).
        images: images in each group, int (groups,).
    """

    lesion_ratings: NDArray[np.float64]
    lesion_groups: NDArray[np.intp]
    false_ratings: NDArray[np.float64]
    false_groups: NDArray[np.intp]
    normal_ratings: NDArray[np.float64]
    normal_groups: NDArray[np.intp]
    images: NDArray[np.intp]

    def sensitivity(self, false_marks: float) -> Interval:
        """Share of lesions marked when at most so many false marks per image are allowed, with its interval.

        Args:
            false_marks: mean number of false marks per image, over all images.

        Returns:
            The sensitivity, 0–1; nan without lesions.
        """
        return self._interval(
            lambda weights: self._sensitivity(weights, false_marks), len(self.lesion_ratings)
        )

    def curve(self) -> list[tuple[float, float]]:
        """Return the FROC curve: false marks per image and sensitivity, both ascending, from (0, …).

        It ends where every mark counts.
        """
        if not len(self.lesion_ratings):
            return []
        limits = np.append(np.unique(self.false_ratings)[::-1], -np.inf)
        false = np.array([np.sum(self.false_ratings > limit) for limit in limits]) / self.images.sum()
        found = np.array([np.mean(self.lesion_ratings > limit) for limit in limits])
        return list(zip(false.tolist(), found.tolist(), strict=True))

    def figure_of_merit(self) -> Interval:
        """JAFROC figure of merit: the probability that a lesion is rated higher than every mark on a normal image.

        A lesion without a mark and a normal image without a mark are a tie and count half.

        Returns:
            The figure of merit, 0–1; nan without lesions or without normal images.
        """
        lesion, normal = self.lesion_ratings[:, None], self.normal_ratings[None, :]
        wins = (lesion > normal) + 0.5 * (lesion == normal)

        def measure(weights: NDArray[np.float64]) -> NDArray[np.float64]:
            of_lesions, of_normals = weights[:, self.lesion_groups], weights[:, self.normal_groups]
            pairs = of_lesions.sum(axis=1) * of_normals.sum(axis=1)
            return _ratio(np.sum((of_lesions @ wins) * of_normals, axis=1), pairs)

        return self._interval(measure, len(self.lesion_ratings))

    def threshold(self, false_marks: float) -> float:
        """Return the rating that a mark must exceed so that there are at most so many false marks per image."""
        return float(self._limits(np.ones((1, len(self.images))), false_marks)[0])

    def _sensitivity(self, weights: NDArray[np.float64], false_marks: float) -> NDArray[np.float64]:
        limits = self._limits(weights, false_marks)
        of_lesions = weights[:, self.lesion_groups]
        found = self.lesion_ratings[None, :] > limits[:, None]
        return _ratio((of_lesions * found).sum(axis=1), of_lesions.sum(axis=1))

    def _limits(self, weights: NDArray[np.float64], false_marks: float) -> NDArray[np.float64]:
        """Rating of the first false mark that is too many, in each resample; minus infinity if all are allowed."""
        order = np.argsort(-self.false_ratings, kind="stable")
        counts = np.cumsum(weights[:, self.false_groups[order]], axis=1)
        allowed = false_marks * (weights @ self.images)
        too_many = counts > allowed[:, None] + 1e-9
        ratings = np.append(self.false_ratings[order], -np.inf)
        first = np.where(too_many.any(axis=1), too_many.argmax(axis=1) if counts.shape[1] else 0, len(order))
        return np.asarray(ratings[first], np.float64)

    def _interval(self, measure: Callable[[NDArray[np.float64]], NDArray[np.float64]], n: int) -> Interval:
        """Return a measure with its percentile interval from resampled groups."""
        groups = len(self.images)
        value = float(measure(np.ones((1, groups)))[0])
        draws = np.random.default_rng(SEED).multinomial(groups, np.full(groups, 1 / groups), RESAMPLES)
        values = measure(draws.astype(np.float64))
        values = values[np.isfinite(values)]
        if not len(values):
            return Interval(value, float("nan"), float("nan"), n)
        tail = (1 - CONFIDENCE_LEVEL) / 2
        low, high = np.quantile(values, (tail, 1 - tail))
        return Interval(value, float(low), float(high), n)


def sort_marks(images: Sequence[MarkedImage], hits: HitRule) -> FreeResponse:
    """Sort the marks on all images into hits and false marks.

    Args:
        images: at least one image.
        hits: whether a mark hits a lesion.

    Returns:
        The ratings of lesions, false marks and normal images.

    Example:
        >>> one = MarkedImage(((0.1, 0.1, 0.3, 0.3),), (((0.1, 0.1, 0.2, 0.2), 0.9),))
        >>> other = MarkedImage((), (((0.5, 0.5, 0.6, 0.6), 0.4),))
        >>> marks = sort_marks([one, other], lambda mark, lesion: mark[0] < lesion[2])
        >>> marks.lesion_ratings, marks.false_ratings, marks.figure_of_merit().value
        (array([0.9]), array([0.4]), 1.0)
    """
    codes: dict[str, int] = {}
    lesions: list[tuple[float, int]] = []
    false: list[tuple[float, int]] = []
    normal: list[tuple[float, int]] = []
    counts: list[int] = []
    for image in images:
        group = codes.setdefault(image.group, len(codes))
        counts.append(group)
        wrong = [
            rating for box, rating in image.marks if not any(hits(box, lesion) for lesion in image.lesions)
        ]
        false += [(rating, group) for rating in wrong]
        for lesion in image.lesions:
            ratings = [rating for box, rating in image.marks if hits(box, lesion)]
            lesions.append((max(ratings, default=-np.inf), group))
        if not image.lesions:
            normal.append((max(wrong, default=-np.inf), group))
    return FreeResponse(*_columns(lesions), *_columns(false), *_columns(normal), np.bincount(counts))


def intersection_over_union(one: Box, other: Box) -> float:
    """Return the shared area of two boxes as a share of the area that either covers.

    Example:
        >>> round(intersection_over_union((0, 0, 2, 2), (1, 0, 3, 2)), 3)
        0.333
    """
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return shared / (areas - shared) if areas > shared else 0.0


def _columns(rows: list[tuple[float, int]]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    return np.array([rating for rating, _ in rows], np.float64), np.array(
        [group for _, group in rows], np.intp
    )


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0), np.float64)

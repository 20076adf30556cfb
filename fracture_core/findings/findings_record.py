"""How well findings mark the fractures of one split."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fracture_core.datasets.cases import Box
from fracture_core.errors import DataError
from fracture_core.evaluation.interval import Interval
from fracture_core.evaluation.proportion import proportion_interval
from fracture_core.findings.average_precision import average_precision
from fracture_core.findings.candidates import contains_centre
from fracture_core.findings.finding_settings import FindingSettings
from fracture_core.findings.free_response import (
    FALSE_MARK_RATES,
    HitRule,
    MarkedImage,
    intersection_over_union,
    sort_marks,
)
from fracture_core.io.json_record import Count, JsonRecord, MeasuredNumber

#: Minimum intersection over union (IoU) of a hit by the stricter rule.
MIN_IOU = 0.3

#: Minimum IoU for which the average precision is reported.
AP_IOUS = (0.3, 0.5)


# Points of a stored FROC curve.
_CURVE_POINTS = 60


@dataclass(frozen=True)
class LesionSize:
    """A range of lesion sizes.

    Attributes:
        least: smallest box as a share of the image.
        most: largest box as a share of the image, exclusive.
        text: the range in words.
    """

    least: float
    most: float
    text: str


#: Lesion sizes by name.
LESION_SIZES = {
    "small": LesionSize(0, 0.0025, "under 0.25% of the image"),
    "medium": LesionSize(0.0025, 0.01, "0.25% to 1% of the image"),
    "large": LesionSize(0.01, np.inf, "over 1% of the image"),
}


@dataclass(frozen=True)
class GradeRecord(JsonRecord):
    """Findings of one grade and above; a finding is right if its centre lies in a marked box.

    Attributes:
        sensitivity: share of annotated fractures with a finding.
        precision: share of findings that are right.
        false_marks: wrong findings per image, over all images.
    """

    sensitivity: Interval
    precision: Interval
    false_marks: MeasuredNumber


@dataclass(frozen=True)
class FindingsRecord(JsonRecord):
    """How well findings mark the fractures of one split.

    Attributes:
        images: images, with and without fractures.
        fractures: marked boxes.
        by_centre: share of fractures found by false marks per image (FROC); the centre of a box has to lie in a marked
            box.
        by_iou: the same; the IoU has to be at least `MIN_IOU`.
        figure_of_merit: JAFROC figure of merit by the centre.
        average_precision: by minimum IoU.
        definite: definite findings alone.
        possible: all findings that are shown.
        pointing: share of images with fractures whose strongest candidate has its centre in a marked box; candidates
            that are not shown count.
        regions: all findings that are shown, by body region.
        sizes: share of fractures with a finding by a name of `LESION_SIZES`.
        curve: FROC curve by the centre: false marks per image and sensitivity.
    """

    images: Count
    fractures: Count
    by_centre: dict[str, Interval]
    by_iou: dict[str, Interval]
    figure_of_merit: Interval
    average_precision: dict[str, Interval]
    definite: GradeRecord
    possible: GradeRecord
    pointing: Interval = field(default_factory=Interval.unknown)
    regions: dict[str, GradeRecord] = field(default_factory=dict)
    sizes: dict[str, Interval] = field(default_factory=dict)
    curve: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Check the names of rates and sizes.

        Raises:
            DataError: the rates of both rules differ, or a lesion size is unknown.
        """
        if self.by_iou.keys() != self.by_centre.keys():
            raise DataError("by_iou: must have the same rates as by_centre")
        if unknown := self.sizes.keys() - LESION_SIZES.keys():
            raise DataError(f"sizes: must be among {', '.join(LESION_SIZES)}, but one is {min(unknown)!r}")

    def lines(self) -> list[str]:
        """Return the record as lines of text."""
        lines = [f"{self.images:,} images, {self.fractures:,} annotated fractures"]
        for name, grade in (("definite", self.definite), ("definite or possible", self.possible)):
            lines.append(
                f"{name}: sensitivity {grade.sensitivity.text()}, precision {grade.precision.text()}, "
                f"{grade.false_marks:.2f} false marks per image"
            )
        for rate, found in self.by_centre.items():
            lines.append(
                f"sensitivity at {rate} false marks per image: {found.text()} by the centre, "
                f"{self.by_iou[rate].text()} at IoU {MIN_IOU:g}"
            )
        lines.append(f"JAFROC figure of merit {self.figure_of_merit.text()}")
        lines += [
            f"average precision at IoU {least}: {value.text()}"
            for least, value in self.average_precision.items()
        ]
        if self.pointing.is_measured:
            lines.append(f"strongest candidate of an image in a fracture: {self.pointing.text()}")
        lines += [
            f"{region}: sensitivity {grade.sensitivity.text()}, precision {grade.precision.text()}, "
            f"{grade.false_marks:.2f} false marks per image"
            for region, grade in self.regions.items()
        ]
        lines += [
            f"{name} fractures ({LESION_SIZES[name].text}): sensitivity {found.text()}"
            for name, found in self.sizes.items()
        ]
        return lines


def hits_by_centre(mark: Box, lesion: Box) -> bool:
    """Whether the centre of a mark lies in a lesion."""
    return contains_centre(lesion, mark)


def hits_by_iou(mark: Box, lesion: Box) -> bool:
    """Whether the IoU of a mark and a lesion is at least `MIN_IOU`."""
    return intersection_over_union(mark, lesion) >= MIN_IOU


@dataclass(frozen=True)
class MarkedFindings:
    """Findings and annotated fractures of one image.

    Attributes:
        right: findings whose centre lies in an annotated fracture.
        wrong: the other findings.
        missed: annotated fractures without a finding.
    """

    right: int
    wrong: int
    missed: int


def count_findings(boxes: Sequence[Box], fractures: Sequence[Box]) -> MarkedFindings:
    """Compare the findings on one image with its annotated fractures.

    Args:
        boxes: boxes of the findings, as fractions of the image.
        fractures: annotated boxes.

    Example:
        >>> count_findings([(0.1, 0.1, 0.2, 0.2)], [(0.1, 0.1, 0.3, 0.3), (0.6, 0.6, 0.7, 0.7)])
        MarkedFindings(right=1, wrong=0, missed=1)
    """
    right = sum(any(hits_by_centre(box, fracture) for fracture in fractures) for box in boxes)
    found = sum(any(hits_by_centre(box, fracture) for box in boxes) for fracture in fractures)
    return MarkedFindings(right, len(boxes) - right, len(fractures) - found)


def measure_findings(images: Sequence[MarkedImage], settings: FindingSettings) -> FindingsRecord | None:
    """Measure the marks on the images of one split.

    Args:
        images: images with their marked fractures, and all candidates with their confidence.
        settings: confidences at which the grades start.

    Returns:
        The record; None if no fracture is marked.
    """
    fractures = sum(len(image.lesions) for image in images)
    if not fractures:
        return None
    centre, overlap = (sort_marks(images, rule) for rule in (hits_by_centre, hits_by_iou))
    return FindingsRecord(
        images=len(images),
        fractures=fractures,
        by_centre={f"{rate:g}": centre.sensitivity(rate) for rate in FALSE_MARK_RATES},
        by_iou={f"{rate:g}": overlap.sensitivity(rate) for rate in FALSE_MARK_RATES},
        figure_of_merit=centre.figure_of_merit(),
        average_precision={f"{least:g}": average_precision(images, least) for least in AP_IOUS},
        definite=_measure_grade(images, settings.definite, hits_by_centre),
        possible=_measure_grade(images, settings.possible, hits_by_centre),
        pointing=_measure_pointing(images),
        regions=_by_region(images, settings),
        sizes=_by_size(images, settings),
        curve=_thin(centre.curve()),
    )


def _measure_pointing(images: Sequence[MarkedImage]) -> Interval:
    fractured = [image for image in images if image.lesions]
    right = []
    for image in fractured:
        strongest = max(image.marks, key=lambda mark: mark[1], default=None)
        right.append(
            strongest is not None and any(hits_by_centre(strongest[0], lesion) for lesion in image.lesions)
        )
    return proportion_interval(np.array(right), _codes([image.group for image in fractured]))


def _by_region(images: Sequence[MarkedImage], settings: FindingSettings) -> dict[str, GradeRecord]:
    regions = sorted({region for image in images for region in image.regions})
    return {
        region: _measure_grade(
            [image for image in images if region in image.regions], settings.possible, hits_by_centre
        )
        for region in regions
    }


def _by_size(images: Sequence[MarkedImage], settings: FindingSettings) -> dict[str, Interval]:
    found: dict[str, list[bool]] = {name: [] for name in LESION_SIZES}
    groups: dict[str, list[str]] = {name: [] for name in LESION_SIZES}
    for image in images:
        marks = [box for box, confidence in image.marks if confidence >= settings.possible]
        for lesion in image.lesions:
            area = (lesion[2] - lesion[0]) * (lesion[3] - lesion[1])
            name = next(name for name, size in LESION_SIZES.items() if size.least <= area < size.most)
            found[name].append(any(hits_by_centre(mark, lesion) for mark in marks))
            groups[name].append(image.group)
    return {
        name: proportion_interval(np.array(hits), _codes(groups[name]))
        for name, hits in found.items()
        if hits
    }


def _thin(curve: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Keep the points where the sensitivity rises, at most `_CURVE_POINTS`, and the ends; four decimals."""
    kept = [
        point
        for number, point in enumerate(curve)
        if number in (0, len(curve) - 1) or point[1] > curve[number - 1][1]
    ]
    if len(kept) > _CURVE_POINTS:
        kept = [kept[place] for place in np.linspace(0, len(kept) - 1, _CURVE_POINTS).round().astype(int)]
    return [(round(false, 4), round(found, 4)) for false, found in kept]


def _measure_grade(images: Sequence[MarkedImage], least: float, rule: HitRule) -> GradeRecord:
    found: list[bool] = []
    right: list[bool] = []
    found_groups: list[str] = []
    right_groups: list[str] = []
    for image in images:
        marks = [box for box, confidence in image.marks if confidence >= least]
        found += [any(rule(mark, lesion) for mark in marks) for lesion in image.lesions]
        found_groups += [image.group] * len(image.lesions)
        right += [any(rule(mark, lesion) for lesion in image.lesions) for mark in marks]
        right_groups += [image.group] * len(marks)
    return GradeRecord(
        proportion_interval(np.array(found), _codes(found_groups)) if found else Interval.unknown(),
        proportion_interval(np.array(right), _codes(right_groups)) if right else Interval.unknown(),
        (len(right) - sum(right)) / len(images),
    )


def _codes(groups: Sequence[str]) -> NDArray[np.intp]:
    return np.unique(np.array(groups), return_inverse=True)[1]

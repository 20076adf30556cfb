"""How well findings mark the fractures of one split."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fracture_core.datasets.cases import Box
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
    """

    images: Count
    fractures: Count
    by_centre: dict[str, Interval]
    by_iou: dict[str, Interval]
    figure_of_merit: Interval
    average_precision: dict[str, Interval]
    definite: GradeRecord
    possible: GradeRecord

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
        return lines


def hits_by_centre(mark: Box, lesion: Box) -> bool:
    """Whether the centre of a mark lies in a lesion."""
    return contains_centre(lesion, mark)


def hits_by_iou(mark: Box, lesion: Box) -> bool:
    """Whether the IoU of a mark and a lesion is at least `MIN_IOU`."""
    return intersection_over_union(mark, lesion) >= MIN_IOU


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
    )


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
        proportion_interval(np.array(found), _codes(found_groups)),
        proportion_interval(np.array(right), _codes(right_groups)) if right else Interval.unknown(),
        (len(right) - sum(right)) / len(images),
    )


def _codes(groups: Sequence[str]) -> NDArray[np.intp]:
    return np.unique(np.array(groups), return_inverse=True)[1]

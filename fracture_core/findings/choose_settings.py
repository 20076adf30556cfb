"""Choice of the finding settings of a model on its validation images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fracture_core.datasets.cases import Box
from fracture_core.errors import DataError
from fracture_core.evaluation.calibration import PlattCalibration
from fracture_core.findings.candidates import Candidate, find_candidates
from fracture_core.findings.finding_settings import FindingSettings, peak_logits
from fracture_core.findings.findings_record import hits_by_centre, hits_by_iou
from fracture_core.findings.free_response import FALSE_MARK_RATES, MarkedImage, sort_marks
from fracture_core.imaging import LetterboxTransform

#: False marks per validation image at which findings become definite and possible.
DEFINITE_RATE, POSSIBLE_RATE = 0.02, 0.1

#: Fewer marked fractures give no settings.
MIN_FRACTURES = 20

_EXTENTS = (0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8)


@dataclass(frozen=True, eq=False)
class MappedImage:
    """One image with its fracture map.

    Attributes:
        grid: fracture probability of each cell of the canvas, float (rows, columns).
        transform: transform between image and canvas.
        lesions: marked fractures; empty for an image without a fracture.
        group: images of one group belong together.
        regions: body regions of the image.
    """

    grid: NDArray[np.floating]
    transform: LetterboxTransform
    lesions: tuple[Box, ...]
    group: str
    regions: tuple[str, ...] = ()


def choose_finding_settings(images: Sequence[MappedImage]) -> FindingSettings | None:
    """Choose the settings on validation images.

    The extent has the highest mean sensitivity over `FALSE_MARK_RATES`, measured by IoU. The confidence is
    calibrated to the share of candidates whose centre lies in a marked box. The grades start where `DEFINITE_RATE` and
    `POSSIBLE_RATE` false marks per image are not exceeded.

    Args:
        images: validation images with and without fractures.

    Returns:
        The settings; None with fewer than `MIN_FRACTURES` marked fractures, or if stronger candidates are not more
        often right.
    """
    if sum(len(image.lesions) for image in images) < MIN_FRACTURES:
        return None
    by_extent = {extent: [_candidates(image, extent) for image in images] for extent in _EXTENTS}
    extent = max(by_extent, key=lambda tried: _iou_score(images, by_extent[tried]))
    candidates = by_extent[extent]
    logits = np.concatenate([peak_logits(found) for found in candidates])
    right = np.array(
        [
            any(hits_by_centre(one.box, lesion) for lesion in image.lesions)
            for image, found in zip(images, candidates, strict=True)
            for one in found
        ],
        np.intp,
    )
    try:
        calibration = PlattCalibration.fit(logits, right)
    except DataError:
        return None
    trial = FindingSettings(extent, calibration, 0.0, 0.0)
    marked = [mark_image(image, trial) for image in images]
    response = sort_marks(marked, hits_by_centre)
    confidences = np.array([confidence for image in marked for _, confidence in image.marks])
    definite, possible = (
        float(np.min(confidences[confidences > response.threshold(rate)], initial=1.0))
        for rate in (DEFINITE_RATE, POSSIBLE_RATE)
    )
    return FindingSettings(extent, calibration, possible, definite)


def mark_image(image: MappedImage, settings: FindingSettings) -> MarkedImage:
    """Return an image with all candidates as marks, rated by their confidence."""
    found = _candidates(image, settings.extent)
    confidences = settings.calibration.apply(peak_logits(found))
    marks = tuple((one.box, float(rating)) for one, rating in zip(found, confidences, strict=True))
    return MarkedImage(image.lesions, marks, group=image.group, regions=image.regions)


def _candidates(image: MappedImage, extent: float) -> tuple[Candidate, ...]:
    return find_candidates(image.grid, image.transform, extent)


def _iou_score(images: Sequence[MappedImage], candidates: Sequence[Sequence[Candidate]]) -> float:
    marked = [
        MarkedImage(image.lesions, tuple((one.box, one.peak) for one in found), group=image.group)
        for image, found in zip(images, candidates, strict=True)
    ]
    response = sort_marks(marked, hits_by_iou)
    return float(np.mean([response.sensitivity(rate).value for rate in FALSE_MARK_RATES]))

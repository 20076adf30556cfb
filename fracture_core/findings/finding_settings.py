"""How a model turns its fracture map into findings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from fracture_core.evaluation.calibration import PlattCalibration
from fracture_core.findings.candidates import Candidate
from fracture_core.findings.finding import Finding, FindingGrade
from fracture_core.io.json_record import JsonRecord


@dataclass(frozen=True)
class FindingSettings(JsonRecord):
    """How a model turns its fracture map into findings; all chosen on validation images.

    Attributes:
        extent: value at the edge of a box as a share of its peak, 0–1.
        calibration: from the logit of a peak to a confidence.
        possible: minimum confidence of a possible finding; candidates below it are not shown.
        definite: minimum confidence of a definite finding.
    """

    extent: float
    calibration: PlattCalibration
    possible: float
    definite: float

    @property
    def min_peak(self) -> float:
        """Peak of a candidate with exactly the minimum confidence of a possible finding, 0–1."""
        logit = (scipy.special.logit(self.possible) - self.calibration.intercept) / self.calibration.slope
        return float(scipy.special.expit(logit))

    def grade(self, candidates: Sequence[Candidate]) -> tuple[Finding, ...]:
        """Return the findings among candidates, in their order."""
        confidences = self.calibration.apply(peak_logits(candidates))
        return tuple(
            Finding(
                candidate.box,
                float(confidence),
                FindingGrade.DEFINITE if confidence >= self.definite else FindingGrade.POSSIBLE,
            )
            for candidate, confidence in zip(candidates, confidences, strict=True)
            if confidence >= self.possible
        )


def peak_logits(candidates: Sequence[Candidate]) -> NDArray[np.float64]:
    """Return the logit of each candidate's peak, float64 (n,)."""
    peaks = np.array([candidate.peak for candidate in candidates], np.float64)
    return np.asarray(scipy.special.logit(np.clip(peaks, 1e-6, 1 - 1e-6)), np.float64)

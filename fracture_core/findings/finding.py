"""A finding: the box around a suspected fracture."""

from dataclasses import dataclass
from enum import StrEnum

from fracture_core.datasets.cases import Box


class FindingGrade(StrEnum):
    """How certain a finding is; the confidence at which each grade starts is chosen on validation images."""

    DEFINITE = "definite"
    POSSIBLE = "possible"


@dataclass(frozen=True)
class Finding:
    """A suspected fracture.

    Attributes:
        box: left, top, right and bottom as fractions of the image, 0–1.
        confidence: calibrated probability that the centre of the box lies in a fracture that a radiologist would mark,
            0–1.
        grade: its grade.
    """

    box: Box
    confidence: float
    grade: FindingGrade

    def pixels(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Return the box in pixels of an image: left, top, right and bottom, the last two exclusive.

        Example:
            >>> Finding((0.1, 0.25, 0.5, 0.75), 0.8, FindingGrade.DEFINITE).pixels(200, 100)
            (10, 50, 50, 150)
        """
        x0, y0, x1, y1 = self.box
        return round(x0 * width), round(y0 * height), round(x1 * width), round(y1 * height)

"""Figures of the PDF report: the probability scale, and framed images with contours and boxes."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from reportlab.lib.colors import HexColor, black, white
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable, Image

from fracture_core.findings import Finding, FindingGrade
from fracture_core.imaging import encode_png
from fracture_core.report.fonts import BOLD_FONT, REGULAR_FONT
from fracture_core.report.sentences import percent_text, threshold_text

# From light to dark, so that the order is visible in a greyscale print.
_ZONE_COLOURS = (HexColor("#D6E6F5"), HexColor("#AEB6BE"), HexColor("#9C5200"))

_FRAME = HexColor("#7A838C")

# Sizes in points.
_BAR_HEIGHT, _FONT_SIZE, _GAP = 9, 8, 4
_HEIGHT, _BOTTOM = 42, 4


class ProbabilityScale(Flowable):
    """A scale from 0 to 100% with the probability and the two thresholds.

    Args:
        probability: 0–1.
        low: lower threshold, 0–1.
        high: upper threshold, 0–1, not below `low`.
    """

    def __init__(self, probability: float, low: float, high: float) -> None:
        super().__init__()
        self._probability = probability
        self._low, self._high = (min(max(threshold, 0.0), 1.0) for threshold in (low, high))

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        """Return the size in points: the available width and a fixed height."""
        self.width = width
        return width, _HEIGHT

    def draw(self) -> None:
        """Draw the bar, the marker and the labels."""
        canvas, width, bottom = self.canv, self.width, _BOTTOM + _FONT_SIZE + _GAP
        for colour, start, end in zip(
            _ZONE_COLOURS, (0.0, self._low, self._high), (self._low, self._high, 1.0), strict=True
        ):
            canvas.setFillColor(colour)
            canvas.rect(start * width, bottom, (end - start) * width, _BAR_HEIGHT, stroke=0, fill=1)
        canvas.setStrokeColor(black)
        canvas.setLineWidth(0.5)
        canvas.rect(0, bottom, width, _BAR_HEIGHT)
        canvas.setLineWidth(1)
        for threshold in (self._low, self._high):
            canvas.line(threshold * width, bottom - 2, threshold * width, bottom + _BAR_HEIGHT)
        canvas.setFillColor(black)
        self._draw_marker(bottom + _BAR_HEIGHT)
        canvas.setFont(REGULAR_FONT, _FONT_SIZE)
        for left, text in self._place_labels():
            canvas.drawString(left, _BOTTOM, text)

    def _draw_marker(self, top: float) -> None:
        canvas, x = self.canv, self._probability * self.width
        path = canvas.beginPath()
        path.moveTo(x, top - 1)
        path.lineTo(x - 4, top + 6)
        path.lineTo(x + 4, top + 6)
        path.close()
        canvas.drawPath(path, stroke=0, fill=1)
        text = percent_text(self._probability)
        canvas.setFont(BOLD_FONT, _FONT_SIZE + 1)
        canvas.drawString(self._clamp(x, stringWidth(text, BOLD_FONT, _FONT_SIZE + 1)), top + 8, text)

    def _place_labels(self) -> list[tuple[float, str]]:
        """The left end and the text of each label; thresholds take precedence, and no labels overlap."""
        candidates = [
            (self._low, threshold_text(self._low)),
            (self._high, threshold_text(self._high)),
            (0.0, "0%"),
            (1.0, "100%"),
        ]
        if self._span(*candidates[0])[1] + _GAP > self._span(*candidates[1])[0]:
            # Equal texts are shown once.
            texts = dict.fromkeys((threshold_text(self._low), threshold_text(self._high)))
            candidates[:2] = [((self._low + self._high) / 2, "–".join(texts))]
        taken: list[tuple[float, float]] = []
        labels = []
        for share, text in candidates:
            left, right = self._span(share, text)
            if all(right + _GAP <= start or end + _GAP <= left for start, end in taken):
                taken.append((left, right))
                labels.append((left, text))
        return labels

    def _span(self, share: float, text: str) -> tuple[float, float]:
        length = stringWidth(text, REGULAR_FONT, _FONT_SIZE)
        left = self._clamp(share * self.width, length)
        return left, left + length

    def _clamp(self, x: float, length: float) -> float:
        """The left end of a text centred on x, moved into the scale if necessary."""
        return min(max(x - length / 2, 0.0), self.width - length)


class FramedImage(Image):
    """An image, scaled to fit, in a thin frame and with contours and the boxes of findings.

    Lines are white on black, so that they are visible on bone and on background, in colour and in greyscale. Boxes are
    solid for definite and dashed for possible findings, with the number of the finding.

    Args:
        pixels: uint8, greyscale (height, width) or RGB (height, width, 3).
        width: available width in points.
        height: available height in points.
        contours: float32 (n, 2) each, x and y as shares of the image width and height.
        findings: findings in the order of their numbers.
    """

    def __init__(
        self,
        pixels: NDArray[np.uint8],
        width: float,
        height: float,
        contours: Sequence[NDArray[np.float32]] = (),
        findings: Sequence[Finding] = (),
    ) -> None:
        scale = min(width / pixels.shape[1], height / pixels.shape[0])
        super().__init__(io.BytesIO(encode_png(pixels)), pixels.shape[1] * scale, pixels.shape[0] * scale)
        self._contours, self._findings = contours, findings

    def draw(self) -> None:
        """Draw the image, its frame (an image may be as white as paper), the contours and the boxes."""
        super().draw()
        self.canv.setStrokeColor(_FRAME)
        self.canv.setLineWidth(0.5)
        self.canv.rect(0, 0, self.drawWidth, self.drawHeight)
        for contour in self._contours:
            path = self.canv.beginPath()
            for number, (x, y) in enumerate(
                contour * (1, -1) * (self.drawWidth, self.drawHeight) + (0, self.drawHeight)
            ):
                (path.lineTo if number else path.moveTo)(x, y)
            path.close()
            for colour, thickness in ((black, 1.6), (white, 0.7)):
                self.canv.setStrokeColor(colour)
                self.canv.setLineWidth(thickness)
                self.canv.drawPath(path)
        for number, finding in enumerate(self._findings, 1):
            self._draw_box(number, finding)

    def _draw_box(self, number: int, finding: Finding) -> None:
        canvas, (left, top, right, bottom) = self.canv, finding.box
        x, y = left * self.drawWidth, (1 - bottom) * self.drawHeight
        width, height = (right - left) * self.drawWidth, (bottom - top) * self.drawHeight
        canvas.saveState()
        if finding.grade is FindingGrade.POSSIBLE:
            canvas.setDash(3, 2)
        for colour, thickness in ((black, 2.4), (white, 1.2)):
            canvas.setStrokeColor(colour)
            canvas.setLineWidth(thickness)
            canvas.rect(x, y, width, height)
        canvas.setDash()
        label_width = stringWidth(str(number), BOLD_FONT, _FONT_SIZE) + 3
        label_y = min(y + height + 1, self.drawHeight - _FONT_SIZE - 2)
        canvas.setFillColor(black)
        canvas.rect(x, label_y, label_width, _FONT_SIZE + 1, stroke=0, fill=1)
        canvas.setFillColor(white)
        canvas.setFont(BOLD_FONT, _FONT_SIZE)
        canvas.drawString(x + 1.5, label_y + 1.5, str(number))
        canvas.restoreState()

"""What is drawn on the page of a report: the scale of probability, and a film with outlined areas."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from reportlab.lib.colors import HexColor, black, white
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable, Image

from fracture_core.imaging import encode_png
from fracture_core.report.fonts import BOLD_FONT, REGULAR_FONT
from fracture_core.report.sentences import percent_text, threshold_text

# Light to dark from *not seen* to *suspected*, so that a grey print keeps the order.
_ZONES = (HexColor("#D6E6F5"), HexColor("#AEB6BE"), HexColor("#9C5200"))

_FRAME = HexColor("#7A838C")

_BAR, _LETTER, _GAP = 9, 8, 4
_HEIGHT, _BOTTOM = 42, 4


class ProbabilityScale(Flowable):
    """The probability between 0 and 100%, and the thresholds that part the verdicts.

    Args:
        probability: 0–1.
        low: threshold, 0–1.
        high: threshold, 0–1, not below `low`.
    """

    def __init__(self, probability: float, low: float, high: float):
        super().__init__()
        self._probability = probability
        self._low, self._high = (min(max(threshold, 0.0), 1.0) for threshold in (low, high))

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        """As wide as the page allows."""
        self.width = width
        return width, _HEIGHT

    def draw(self) -> None:
        """Bar, mark and labels."""
        canvas, width, bottom = self.canv, self.width, _BOTTOM + _LETTER + _GAP
        for colour, start, end in zip(
            _ZONES, (0.0, self._low, self._high), (self._low, self._high, 1.0), strict=True
        ):
            canvas.setFillColor(colour)
            canvas.rect(start * width, bottom, (end - start) * width, _BAR, stroke=0, fill=1)
        canvas.setStrokeColor(black)
        canvas.setLineWidth(0.5)
        canvas.rect(0, bottom, width, _BAR)
        canvas.setLineWidth(1)
        for threshold in (self._low, self._high):
            canvas.line(threshold * width, bottom - 2, threshold * width, bottom + _BAR)
        canvas.setFillColor(black)
        self._mark(bottom + _BAR)
        canvas.setFont(REGULAR_FONT, _LETTER)
        for left, words in self._labels():
            canvas.drawString(left, _BOTTOM, words)

    def _mark(self, top: float) -> None:
        canvas, at = self.canv, self._probability * self.width
        path = canvas.beginPath()
        path.moveTo(at, top - 1)
        path.lineTo(at - 4, top + 6)
        path.lineTo(at + 4, top + 6)
        path.close()
        canvas.drawPath(path, stroke=0, fill=1)
        words = percent_text(self._probability)
        canvas.setFont(BOLD_FONT, _LETTER + 1)
        canvas.drawString(self._inside(at, stringWidth(words, BOLD_FONT, _LETTER + 1)), top + 8, words)

    def _labels(self) -> list[tuple[float, str]]:
        """Where each label begins; thresholds first, and no label on another."""
        wanted = [
            (self._low, threshold_text(self._low)),
            (self._high, threshold_text(self._high)),
            (0.0, "0%"),
            (1.0, "100%"),
        ]
        if self._span(*wanted[0])[1] + _GAP > self._span(*wanted[1])[0]:
            both = {threshold_text(self._low): None, threshold_text(self._high): None}
            wanted[:2] = [((self._low + self._high) / 2, "–".join(both))]
        taken: list[tuple[float, float]] = []
        labels = []
        for at, words in wanted:
            left, right = self._span(at, words)
            if all(right + _GAP <= start or end + _GAP <= left for start, end in taken):
                taken.append((left, right))
                labels.append((left, words))
        return labels

    def _span(self, at: float, words: str) -> tuple[float, float]:
        length = stringWidth(words, REGULAR_FONT, _LETTER)
        left = self._inside(at * self.width, length)
        return left, left + length

    def _inside(self, at: float, length: float) -> float:
        """The left end of a text centred on a place, moved to lie within the scale."""
        return min(max(at - length / 2, 0.0), self.width - length)


class FramedImage(Image):
    """A picture of a film as large as fits, with lines around areas of it.

    The lines are white on black, so that they are seen on bone and on the ground, in colour and in grey.

    Args:
        pixels: uint8 grey (height, width) or RGB (height, width, 3).
        width: of the place for it, in points.
        height: likewise.
        outlines: float (n, 2) each, x and y as shares of the film's width and height.
    """

    def __init__(self, pixels: np.ndarray, width: float, height: float, outlines: Sequence[np.ndarray] = ()):
        scale = min(width / pixels.shape[1], height / pixels.shape[0])
        super().__init__(io.BytesIO(encode_png(pixels)), pixels.shape[1] * scale, pixels.shape[0] * scale)
        self._outlines = outlines

    def draw(self) -> None:
        """The picture in a thin frame, for a film may be as white as paper; then the lines."""
        super().draw()
        self.canv.setStrokeColor(_FRAME)
        self.canv.setLineWidth(0.5)
        self.canv.rect(0, 0, self.drawWidth, self.drawHeight)
        for line in self._outlines:
            path = self.canv.beginPath()
            for number, (x, y) in enumerate(
                line * (1, -1) * (self.drawWidth, self.drawHeight) + (0, self.drawHeight)
            ):
                (path.lineTo if number else path.moveTo)(x, y)
            path.close()
            for colour, thickness in ((black, 1.6), (white, 0.7)):
                self.canv.setStrokeColor(colour)
                self.canv.setLineWidth(thickness)
                self.canv.drawPath(path)

"""The image with heatmap and boxes at full resolution and a legend below, and contours of the strong evidence."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from fracture_core.findings import Finding, FindingGrade
from fracture_core.imaging import blend_heatmap, encode_png, render_legend
from fracture_core.report.fonts import REGULAR_FONT, font_file
from fracture_core.report.sentences import percent_text, verdict_headline

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Heatmap, Opinion

#: Opacity of the colours where the evidence is strongest, 0–1.
OVERLAY_OPACITY = 0.6

#: Labels of the two ends of the legend.
LEGEND_ENDS = ("little evidence", "strong")

#: Legend of an image without a heatmap.
NO_EVIDENCE_TEXT = "no positive evidence, so there is no heatmap"

# Font size and margin as shares of the image width, and the range of font sizes in pixels.
_FONT_SHARE, _MARGIN_SHARE, _FONT_SIZES = 1 / 42, 1 / 60, (9, 44)


def strong_contours(heat: Heatmap) -> list[NDArray[np.float32]]:
    """Return the contours of strong evidence that the viewer draws, largest area first.

    Returns:
        One array per area: the corners of its outline, float32 (n, 2), n > 2, as x, y in pixels of the displayed image.
        The corner of the image is (0, 0).
    """
    contours = [np.array(contour, np.float32) for contour in heat.contours if len(contour) > 2]
    return sorted(contours, key=cv2.contourArea, reverse=True)


def render_report_overlay(opinion: Opinion) -> NDArray[np.uint8]:
    """Blend the heatmap over the image, draw the boxes and add a band with the legend and the verdict below.

    Args:
        opinion: an opinion with a heatmap, which may be empty.

    Returns:
        uint8 RGB (height + band, width, 3); the first `height` rows are the image.
    """
    image, heat = opinion.film.shown, opinion.heat
    evidence = heat.to_film() if heat is not None and heat.has_evidence else np.zeros_like(image)
    marked = _draw_boxes(blend_heatmap(image, evidence, OVERLAY_OPACITY), opinion.findings)
    overlay: NDArray[np.uint8] = np.concatenate([marked, _render_band(opinion, image.shape[1])])
    return overlay


def report_overlay_png(opinion: Opinion) -> bytes:
    """Encode `render_report_overlay` as a PNG file without metadata."""
    return encode_png(render_report_overlay(opinion))


def _draw_boxes(pixels: NDArray[np.uint8], findings: Sequence[Finding]) -> NDArray[np.uint8]:
    """Draw the boxes, solid for definite and dashed for possible findings, each with its number and confidence."""
    if not findings:
        return pixels
    height, width = pixels.shape[:2]
    size = int(np.clip(round(width * _FONT_SHARE), *_FONT_SIZES))
    line = max(1, size // 8)
    picture = Image.fromarray(pixels)
    draw = ImageDraw.Draw(picture)
    for number, finding in enumerate(findings, 1):
        left, top, right, bottom = finding.pixels(height, width)
        corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        dash = 0 if finding.grade is FindingGrade.DEFINITE else 4 * line
        for colour, thickness in ((0, line + 2), (255, line)):
            for start, end in itertools.pairwise(corners):
                for piece in _dashes(start, end, dash):
                    draw.line(piece, (colour, colour, colour), thickness)
        text = f"{number}: {percent_text(finding.confidence)}"
        at = (left, max(0, top - round(1.4 * size)))
        draw.text(
            at, text, (255, 255, 255), _font(size), stroke_width=max(1, line // 2), stroke_fill=(0, 0, 0)
        )
    return np.asarray(picture, np.uint8)


def _dashes(
    start: tuple[int, int], end: tuple[int, int], dash: int
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Divide a line into dashes of so many pixels with gaps of the same length; the whole line for 0."""
    along = np.array(end, float) - start
    length = float(np.hypot(*along))
    if not dash or length <= dash:
        return [(start, end)]
    starts = np.arange(0, length, 2 * dash)
    return [
        (tuple(start + along * at / length), tuple(start + along * min(at + dash, length) / length))
        for at in starts
    ]


def _render_band(opinion: Opinion, width: int) -> NDArray[np.uint8]:
    """The legend, the verdict and the model, uint8 RGB (band, width, 3)."""
    size = int(np.clip(round(width * _FONT_SHARE), *_FONT_SIZES))
    margin = max(4, round(width * _MARGIN_SHARE))
    band = Image.new("RGB", (width, 3 * margin + 2 * round(size * 1.3)))
    draw = ImageDraw.Draw(band)
    first_line, second_line = margin, 2 * margin + round(size * 1.3)
    colour = (200, 208, 216)
    if opinion.heat is not None and opinion.heat.has_evidence:
        draw.text((margin, first_line), LEGEND_ENDS[0], colour, _font(size))
        left = 2 * margin + round(draw.textlength(LEGEND_ENDS[0], _font(size)))
        right = width - 2 * margin - round(draw.textlength(LEGEND_ENDS[1], _font(size)))
        if right - left >= margin:
            draw.text((right + margin, first_line), LEGEND_ENDS[1], colour, _font(size))
            band.paste(Image.fromarray(render_legend(right - left, size)), (left, first_line + size // 6))
    else:
        _draw_fitted(draw, (margin, first_line), NO_EVIDENCE_TEXT, width - 2 * margin, size)
    text = f"{verdict_headline(opinion)}. Second Look, {opinion.card.id}. Not a diagnosis."
    _draw_fitted(draw, (margin, second_line), text, width - 2 * margin, size)
    return np.asarray(band, np.uint8)


def _draw_fitted(
    draw: ImageDraw.ImageDraw, position: tuple[int, int], text: str, width: int, size: int
) -> None:
    """Draw a line of text in a font small enough for the width."""
    while draw.textlength(text, _font(size)) > width and size > 4:
        size -= 1
    draw.text(position, text, (160, 168, 176), _font(size))


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_file(REGULAR_FONT), size)

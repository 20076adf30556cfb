"""A film with its heatmap at the film's own resolution, and the legend below it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fracture_core.imaging import blend_heatmap, encode_png, render_legend
from fracture_core.report.fonts import REGULAR_FONT, font_file
from fracture_core.report.sentences import verdict_headline

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion

#: How much of the colour is laid over the film where the evidence is strongest.
OVERLAY_OPACITY = 0.6

#: Ends of the scale, in words.
LEGEND_ENDS = ("little evidence", "strong")

#: Under a film without a heatmap.
NO_EVIDENCE_TEXT = "no positive evidence: there is no heatmap"

# Shares of the film's width: size of the letters and margin; and the sizes of letters that can be read.
_LETTER, _MARGIN, _READABLE = 1 / 42, 1 / 60, (9, 44)


def render_report_overlay(opinion: Opinion) -> np.ndarray:
    """The film under its heatmap, pixel for pixel, and a black band below that says what the colours mean.

    Args:
        opinion: with a heatmap, of which there may be nothing to show.

    Returns:
        uint8 RGB (height + band, width, 3); the first `height` rows are the film's.
    """
    film, heat = opinion.film.shown, opinion.heat
    shown = heat.to_film() if heat is not None and heat.has_evidence else np.zeros_like(film)
    return np.concatenate([blend_heatmap(film, shown, OVERLAY_OPACITY), _band(opinion, film.shape[1])])


def report_overlay_png(opinion: Opinion) -> bytes:
    """`render_report_overlay` as a PNG file without metadata."""
    return encode_png(render_report_overlay(opinion))


def _band(opinion: Opinion, width: int) -> np.ndarray:
    """The legend, the verdict and who judged, as wide as the film."""
    size = int(np.clip(round(width * _LETTER), *_READABLE))
    margin = max(4, round(width * _MARGIN))
    picture = Image.new("RGB", (width, 3 * margin + 2 * round(size * 1.3)))
    draw = ImageDraw.Draw(picture)
    top, below = margin, 2 * margin + round(size * 1.3)
    colour = (200, 208, 216)
    if opinion.heat is not None and opinion.heat.has_evidence:
        draw.text((margin, top), LEGEND_ENDS[0], colour, _font(size))
        left = 2 * margin + round(draw.textlength(LEGEND_ENDS[0], _font(size)))
        right = width - 2 * margin - round(draw.textlength(LEGEND_ENDS[1], _font(size)))
        if right - left >= margin:
            draw.text((right + margin, top), LEGEND_ENDS[1], colour, _font(size))
            picture.paste(Image.fromarray(render_legend(right - left, size)), (left, top + size // 6))
    else:
        _fitting(draw, (margin, top), NO_EVIDENCE_TEXT, width - 2 * margin, size)
    words = f"{verdict_headline(opinion)}. Second Look, {opinion.card.id}. No diagnosis."
    _fitting(draw, (margin, below), words, width - 2 * margin, size)
    return np.asarray(picture)


def _fitting(draw: ImageDraw.ImageDraw, at: tuple[int, int], words: str, width: int, size: int) -> None:
    """Words in letters small enough for a width."""
    while draw.textlength(words, _font(size)) > width and size > 4:
        size -= 1
    draw.text(at, words, (160, 168, 176), _font(size))


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_file(REGULAR_FONT), size)

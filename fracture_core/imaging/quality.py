"""The first gate: whether an image can be judged at all, by its header, size, colour and brightness.

From the pixels it knows nothing of anatomy. Coloured photographs, icons and blank images are refused; a grey
photograph, a drawing in shades of grey, or a radiograph of another part of the body or with a kind
of view the model never saw, passes. Thresholds lie at the edge of what the 3,471 radiographs at hand
measure: none is refused and 10 of the 3,420 whole ones are warned about (9 framed in white, 1 small),
so a warning means "unlike the films the model knows". Of the same films inverted, 98.6% are warned about.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from fracture_core.imaging.histogram import GreyHistogram
from fracture_core.imaging.radiograph import Radiograph
from fracture_core.imaging.scope import out_of_scope_reasons

#: Pixels on the shorter side: below the first nothing can be seen, below the second not fine lines.
REFUSE_SIDE, WARN_SIDE = 64, 200

#: Share of coloured pixels: a marker or a stamp colours little, a photograph most.
REFUSE_COLOUR, WARN_COLOUR = 0.20, 0.02

#: Difference between the 99th and the 1st percentile of the grey levels.
REFUSE_CONTRAST, WARN_CONTRAST = 0.04, 0.20

#: Share of the pixels that have one shade of 25.
REFUSE_EMPTY, WARN_EMPTY = 0.98, 0.92

#: 99th percentile below which a film is too dark; 5th percentile above which it is too bright.
DARK, BRIGHT = 0.25, 0.50

#: Median grey level of the outer 5% above which the background is not dark.
BRIGHT_BORDER = 0.60

#: What counts as black and as white, and the share of both from which there are no shades between.
BLACK, WHITE, TWO_SHADES = 0.04, 0.96, 0.95

#: Longer side over shorter side. A long-leg film has about 3.
LONG = 4.0


class QualityState(StrEnum):
    """What the gate says; the value is the word in reports."""

    PASS = "pass"
    WARN = "warn"
    REFUSE = "refuse"


@dataclass(frozen=True)
class QualityCheck:
    """The gate's answer.

    Attributes:
        state: pass; warn, to be shown beside the opinion; refuse, and no opinion is given.
        reasons: one sentence each; empty for pass.
        out_of_scope: whether the file's header names a body part or a modality that the model does not cover. The
            reasons then say so. An opinion is withheld (refuse), or was asked for all the same (warn).
    """

    state: QualityState
    reasons: tuple[str, ...] = ()
    out_of_scope: bool = False

    @property
    def withheld(self) -> bool:
        """Whether there is no opinion for the scope alone, so that it can still be asked for."""
        return self.out_of_scope and self.state is QualityState.REFUSE


def check_quality(
    radiograph: Radiograph, tones: GreyHistogram | None = None, regions: Sequence[str] = ()
) -> QualityCheck:
    """Whether an image can be judged.

    Args:
        radiograph: the image as read; its read warnings become reasons to warn.
        tones: of its pixels, where they have been measured already.
        regions: body regions that the model's card lists; without them the regions that this program knows.

    Returns:
        The state and its reasons. Never raises for what an image holds.
    """
    refusals = _size_refusals(radiograph)
    if not refusals:
        tones = tones or GreyHistogram.of(radiograph.pixels, radiograph.shuttered)
        refusals = _content_refusals(radiograph, tones)
    if refusals or tones is None:
        return QualityCheck(QualityState.REFUSE, tuple(refusals))
    scope = out_of_scope_reasons(radiograph.body_parts, radiograph.other_modality, regions)
    reasons = [
        *scope,
        *radiograph.warnings,
        *_size_warnings(radiograph),
        *_content_warnings(radiograph, tones),
    ]
    return (
        QualityCheck(QualityState.WARN, tuple(reasons), bool(scope))
        if reasons
        else QualityCheck(QualityState.PASS)
    )


def _size_refusals(film: Radiograph) -> list[str]:
    if min(film.height, film.width) >= REFUSE_SIDE:
        return []
    return [
        f"The image has {film.width} × {film.height} pixels; expected at least {REFUSE_SIDE} on each side: "
        "export it at full size."
    ]


def _content_refusals(film: Radiograph, tones: GreyHistogram) -> list[str]:
    if film.colour > REFUSE_COLOUR:
        return [
            f"{film.colour:.0%} of the image is coloured, as in a photograph; expected a grey radiograph: "
            "upload the film itself."
        ]
    if tones.range < REFUSE_CONTRAST:
        return ["The image is blank; expected a radiograph: check what was exported."]
    contrast = tones.percentile(0.99) - tones.percentile(0.01)
    empty = max(tones.fullest_bin_share, film.shuttered_share)
    if contrast < REFUSE_CONTRAST or empty >= REFUSE_EMPTY:
        return [
            "Nearly all of the image has a single shade; expected a film that fills it: "
            "crop it to the exposed area."
        ]
    return []


def _size_warnings(film: Radiograph) -> list[str]:
    reasons = []
    short, long = sorted((film.height, film.width))
    if short < WARN_SIDE:
        reasons.append(
            f"The image has only {film.width} × {film.height} pixels, too few to show fine fracture lines."
        )
    if long > LONG * short:
        reasons.append(f"The image is {long / short:.1f} times as long as wide, unlike the films known.")
    return reasons


def _content_warnings(film: Radiograph, tones: GreyHistogram) -> list[str]:
    low, dim, high = (tones.percentile(share) for share in (0.01, 0.05, 0.99))
    reasons = []
    if film.colour > WARN_COLOUR:
        reasons.append(f"{film.colour:.0%} of the image is coloured; the colour is not looked at.")
    if tones.fullest_bin_share >= WARN_EMPTY:
        reasons.append(f"{tones.fullest_bin_share:.0%} of the image has a single shade; crop it to the film.")
    elif film.shuttered_share >= WARN_EMPTY:
        reasons.append(
            f"{film.shuttered_share:.0%} of the image is hidden by a display shutter; crop it to the film."
        )
    if tones.share_below(BLACK) + tones.share_above(WHITE) >= TWO_SHADES:
        reasons.append("The image is nearly all black and white, with few shades between.")
    if high < DARK:
        reasons.append("The image is very dark.")
    elif dim > BRIGHT:
        reasons.append("The image is very bright.")
    if high - low < WARN_CONTRAST:
        reasons.append("The image has very little contrast.")
    if tones.border_level > BRIGHT_BORDER:
        reasons.append(
            "The image is bright at its edges, so it may be inverted or framed in white; "
            "expected bone bright on a dark ground."
        )
    return reasons

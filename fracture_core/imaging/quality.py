"""Quality check: whether an image can be assessed, by its header, size, colour and brightness.

The check of the pixels does not recognise anatomy. Coloured photographs, icons and blank images are refused. Grey
photographs, grey drawings, and radiographs of other body parts or with unusual views pass.

The thresholds lie at the limits of the 3,471 radiographs of the development dataset. None of these is refused, and 10
of the 3,420 complete ones get a warning (9 with a white frame, 1 small). If they are inverted, 98.6% get a warning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from fracture_core.imaging.histogram import GreyHistogram
from fracture_core.imaging.radiograph import Radiograph
from fracture_core.imaging.scope import out_of_scope_reasons

#: Shorter side in pixels. Below the first nothing can be recognised, below the second no fine lines.
REFUSE_SIDE, WARN_SIDE = 64, 200

#: Share of coloured pixels. It is small for a marker or stamp and large for a photograph.
REFUSE_COLOUR, WARN_COLOUR = 0.20, 0.02

#: Difference between the 99th and the 1st percentile of the grey levels.
REFUSE_CONTRAST, WARN_CONTRAST = 0.04, 0.20

#: Share of the pixels in the most frequent of 25 bins.
REFUSE_EMPTY, WARN_EMPTY = 0.98, 0.92

#: 99th percentile below which an image is too dark; 5th percentile above which it is too bright.
DARK, BRIGHT = 0.25, 0.50

#: Median grey level of the outer 5% above which the background is not dark.
BRIGHT_BORDER = 0.60

#: Levels that count as black and as white, and the share of both above which an image has hardly any other shades.
BLACK, WHITE, TWO_SHADES = 0.04, 0.96, 0.95

#: Share of missing lines from which the opinion is withheld. 11 of the 51 incomplete radiographs of the development
#: dataset miss as many; they only get a warning in datasets.
REFUSE_MISSING = 0.10

#: Longer side divided by shorter side. A long-leg radiograph has about 3.
LONG = 4.0


class QualityState(StrEnum):
    """Result of the quality check; the value is used in reports."""

    PASS = "pass"
    WARN = "warn"
    REFUSE = "refuse"


class Refusal(StrEnum):
    """Why a verdict is withheld until the user asks for it; the value is used in reports."""

    OUT_OF_SCOPE = "out of scope"
    POOR_IMAGE = "poor image"
    NOT_A_RADIOGRAPH = "not a radiograph"


@dataclass(frozen=True)
class QualityCheck:
    """Result of the quality check of one image.

    Attributes:
        state: pass; warn, shown with the opinion; refuse, no opinion is given.
        reasons: one sentence each; empty for pass.
        out_of_scope: whether the header states a body part or a modality that the model does not cover, or the image
            is unlike the training images. The reasons then include it.
        refusal: why the opinion is withheld (refuse), or was requested anyway (warn); None otherwise.
    """

    state: QualityState
    reasons: tuple[str, ...] = ()
    out_of_scope: bool = False
    refusal: Refusal | None = None

    @property
    def withheld(self) -> bool:
        """Whether the opinion is withheld but can be requested."""
        return self.refusal is not None and self.state is QualityState.REFUSE

    def withhold(self) -> QualityCheck:
        """Return the check with the opinion withheld, if there is a reason for it."""
        return self if self.refusal is None else replace(self, state=QualityState.REFUSE)

    def overrule(self) -> QualityCheck:
        """Return the check after the user asked for the opinion: a refusal becomes a warning."""
        return self if self.refusal is None else replace(self, state=QualityState.WARN)


def check_quality(
    radiograph: Radiograph, histogram: GreyHistogram | None = None, regions: Sequence[str] = ()
) -> QualityCheck:
    """Check whether an image can be assessed.

    Args:
        radiograph: the image as read; its warnings become reasons to warn.
        histogram: histogram of its pixels, if it was computed before.
        regions: body regions in the card of the model; without them all regions of `vocabulary.REGIONS`.

    Returns:
        The state and its reasons. An image that is out of scope or lacks many lines only gets a warning here, because
        datasets may contain it; `QualityCheck.withhold` withholds its opinion. No image content raises an exception.
    """
    scope = out_of_scope_reasons(radiograph.body_parts, radiograph.other_modality, regions)
    refused = _size_refusal(radiograph)
    if refused is None:
        histogram = histogram or GreyHistogram.of(radiograph.pixels, radiograph.shuttered)
        refused = _content_refusal(radiograph, histogram)
    if refused is not None or histogram is None:
        kind, reason = refused or (Refusal.POOR_IMAGE, "")
        return QualityCheck(
            QualityState.REFUSE,
            (*scope, reason),
            bool(scope),
            Refusal.OUT_OF_SCOPE if scope else kind,
        )
    refusal = Refusal.OUT_OF_SCOPE if scope else None
    if refusal is None and radiograph.missing >= REFUSE_MISSING:
        refusal = Refusal.POOR_IMAGE
    reasons = [
        *scope,
        *radiograph.warnings,
        *_size_warnings(radiograph),
        *_content_warnings(radiograph, histogram),
    ]
    if not reasons:
        return QualityCheck(QualityState.PASS)
    return QualityCheck(QualityState.WARN, tuple(reasons), bool(scope), refusal)


def _size_refusal(image: Radiograph) -> tuple[Refusal, str] | None:
    if min(image.height, image.width) >= REFUSE_SIDE:
        return None
    return (
        Refusal.POOR_IMAGE,
        f"The image has {image.width} × {image.height} pixels, but at least {REFUSE_SIDE} are needed on each side. "
        "Export it at full size.",
    )


def _content_refusal(image: Radiograph, histogram: GreyHistogram) -> tuple[Refusal, str] | None:
    if image.colour > REFUSE_COLOUR:
        return (
            Refusal.NOT_A_RADIOGRAPH,
            f"{image.colour:.0%} of the image is coloured, as in a photograph. Upload the radiograph itself.",
        )
    if histogram.range < REFUSE_CONTRAST:
        return Refusal.POOR_IMAGE, "The image is blank. Check the export."
    contrast = histogram.percentile(0.99) - histogram.percentile(0.01)
    empty = max(histogram.fullest_bin_share, image.shuttered_share)
    if contrast < REFUSE_CONTRAST or empty >= REFUSE_EMPTY:
        return (
            Refusal.POOR_IMAGE,
            "Nearly all of the image has a single shade. Crop it to the exposed area.",
        )
    return None


def _size_warnings(image: Radiograph) -> list[str]:
    reasons = []
    short, long = sorted((image.height, image.width))
    if short < WARN_SIDE:
        reasons.append(
            f"The image has only {image.width} × {image.height} pixels, too few to show fine fracture lines."
        )
    if long > LONG * short:
        reasons.append(f"The image is {long / short:.1f} times as long as wide, unlike ordinary radiographs.")
    return reasons


def _content_warnings(image: Radiograph, histogram: GreyHistogram) -> list[str]:
    low, dim, high = (histogram.percentile(share) for share in (0.01, 0.05, 0.99))
    reasons = []
    if image.colour > WARN_COLOUR:
        reasons.append(f"{image.colour:.0%} of the image is coloured; the colour is ignored.")
    if histogram.fullest_bin_share >= WARN_EMPTY:
        reasons.append(
            f"{histogram.fullest_bin_share:.0%} of the image has a single shade. Crop it to the exposed area."
        )
    elif image.shuttered_share >= WARN_EMPTY:
        reasons.append(
            f"{image.shuttered_share:.0%} of the image is hidden by a display shutter. Crop it to the exposed area."
        )
    if histogram.share_below(BLACK) + histogram.share_above(WHITE) >= TWO_SHADES:
        reasons.append("The image is nearly all black and white, with few shades between.")
    if high < DARK:
        reasons.append("The image is very dark.")
    elif dim > BRIGHT:
        reasons.append("The image is very bright.")
    if high - low < WARN_CONTRAST:
        reasons.append("The image has very little contrast.")
    if histogram.border_level > BRIGHT_BORDER:
        reasons.append(
            "The image is bright at its edges, so it may be inverted or have a white frame. Bone should be bright on a "
            "dark background."
        )
    return reasons

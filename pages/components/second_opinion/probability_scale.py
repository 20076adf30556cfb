"""Labels below the probability scale, placed so that they do not overlap."""

from dataclasses import dataclass

from fracture_core.report.sentences import threshold_text

# Width of one letter on a phone as a share of the scale's width, with a margin.
_LETTER = 0.026


@dataclass(frozen=True)
class ScaleLabel:
    """A label of the scale.

    Attributes:
        at: position on the scale, 0–1.
        text: its text.
        anchor: "start", "middle" or "end": the part of the text that is at the position.
    """

    at: float
    text: str
    anchor: str

    @property
    def span(self) -> tuple[float, float]:
        """Left and right end as shares of the scale's width."""
        width = _LETTER * len(self.text)
        left = self.at - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]
        return left, left + width


def scale_labels(low: float, high: float) -> list[ScaleLabel]:
    """Place the labels: both thresholds, merged where they are close, and the ends where there is room.

    Args:
        low: the lower threshold, 0–1.
        high: the upper threshold, 0–1.
    """
    lower, upper = _place(low, threshold_text(low)), _place(high, threshold_text(high))
    if _overlap(lower, upper):
        text = (
            threshold_text(low)
            if threshold_text(low) == threshold_text(high)
            else f"{threshold_text(low)}–{threshold_text(high)}"
        )
        shown = [_place((low + high) / 2, text)]
    else:
        shown = [lower, upper]
    for end in (ScaleLabel(0.0, "0%", "start"), ScaleLabel(1.0, "100%", "end")):
        if not any(_overlap(end, tick) for tick in shown):
            shown.append(end)
    return sorted(shown, key=lambda tick: tick.at)


def _place(at: float, text: str) -> ScaleLabel:
    """A label centred below its position, or moved inward near the ends."""
    half = _LETTER * len(text) / 2
    return (
        ScaleLabel(at, text, "middle")
        if half <= at <= 1 - half
        else ScaleLabel(at, text, "start" if at < half else "end")
    )


def _overlap(one: ScaleLabel, other: ScaleLabel) -> bool:
    return one.span[0] < other.span[1] and other.span[0] < one.span[1]

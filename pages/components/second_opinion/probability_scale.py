"""The labels under the scale of probability, placed so that none lies on another."""

from dataclasses import dataclass

from fracture_core.report.sentences import threshold_text

# Share of the scale's width that one letter takes on a phone, with some air.
_LETTER = 0.026


@dataclass(frozen=True)
class ScaleLabel:
    """One label.

    Attributes:
        at: where on the scale, 0–1.
        words: what it says.
        anchor: "start", "middle" or "end": which part of the words stands there.
    """

    at: float
    words: str
    anchor: str

    @property
    def span(self) -> tuple[float, float]:
        """From where to where it reaches, as shares of the scale's width."""
        width = _LETTER * len(self.words)
        left = self.at - {"start": 0.0, "middle": width / 2, "end": width}[self.anchor]
        return left, left + width


def scale_labels(low: float, high: float) -> list[ScaleLabel]:
    """The two thresholds, one label where they lie close, and the ends where there is room for them.

    Args:
        low: the lower threshold, 0–1.
        high: the upper one.
    """
    lower, upper = _cut(low, threshold_text(low)), _cut(high, threshold_text(high))
    if _overlap(lower, upper):
        words = (
            threshold_text(low)
            if threshold_text(low) == threshold_text(high)
            else f"{threshold_text(low)}–{threshold_text(high)}"
        )
        shown = [_cut((low + high) / 2, words)]
    else:
        shown = [lower, upper]
    for end in (ScaleLabel(0.0, "0%", "start"), ScaleLabel(1.0, "100%", "end")):
        if not any(_overlap(end, tick) for tick in shown):
            shown.append(end)
    return sorted(shown, key=lambda tick: tick.at)


def _cut(at: float, words: str) -> ScaleLabel:
    """A label under its place, pushed inward at the ends."""
    half = _LETTER * len(words) / 2
    return (
        ScaleLabel(at, words, "middle")
        if half <= at <= 1 - half
        else ScaleLabel(at, words, "start" if at < half else "end")
    )


def _overlap(one: ScaleLabel, other: ScaleLabel) -> bool:
    return one.span[0] < other.span[1] and other.span[0] < one.span[1]

"""How precise a sensitivity or specificity is, and how many more images would make it more precise."""

import math
from dataclasses import dataclass

from statsmodels.stats.proportion import proportion_confint

from fracture_core.evaluation import Interval
from fracture_core.evaluation.interval import CONFIDENCE_LEVEL
from fracture_core.io.json_record import Count, JsonRecord, MeasuredNumber

# An interval of this half-width is precise enough; more images are not asked for.
_PRECISE = 0.05

_MOST = 1_000_000


@dataclass(frozen=True)
class SampleSize(JsonRecord):
    """Precision of a proportion.

    Attributes:
        images: images behind it.
        half_width: half the width of its 95% interval.
        more: further images that would give `target`; 0 if it is precise enough.
        target: half-width with these images.
    """

    images: Count
    half_width: MeasuredNumber
    more: Count
    target: MeasuredNumber


def plan_sample_size(measured: Interval) -> SampleSize | None:
    """Estimate how many more images halve the interval of a proportion.

    The Wilson interval at the measured proportion is used, with as many independent cases as give the present width;
    further images are assumed to be grouped like those measured.

    Args:
        measured: a proportion with its interval.

    Returns:
        The estimate; None without an interval.
    """
    if not measured.is_measured or math.isnan(measured.low) or not measured.n:
        return None
    half = (measured.high - measured.low) / 2
    if half <= _PRECISE:
        return SampleSize(measured.n, half, 0, half)
    target = max(half / 2, _PRECISE)
    now, wanted = _cases_for(measured.value, half), _cases_for(measured.value, target)
    # Rounded up to tens, because the proportion itself is uncertain.
    more = math.ceil(max(measured.n * (wanted / now - 1), 1) / 10) * 10
    return SampleSize(measured.n, half, more, target)


def _cases_for(share: float, half_width: float) -> int:
    """Return the smallest number of independent cases whose interval has at most this half-width."""
    low, high = 1, _MOST
    while low < high:
        middle = (low + high) // 2
        ends = proportion_confint(share * middle, middle, 1 - CONFIDENCE_LEVEL, method="wilson")
        if (ends[1] - ends[0]) / 2 <= half_width:
            high = middle
        else:
            low = middle + 1
    return low

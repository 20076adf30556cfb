"""A measured value with its 95% confidence interval and the number of cases."""

import math
from dataclasses import dataclass

from fracture_core.io.json_record import Count, JsonRecord, MeasuredNumber

#: Confidence level of all intervals of this package.
CONFIDENCE_LEVEL = 0.95


@dataclass(frozen=True)
class Interval(JsonRecord):
    """A measured value with its confidence interval.

    Attributes:
        value: The estimate; nan if it cannot be measured.
        low: Lower end of the 95% confidence interval; nan without an interval.
        high: Upper end of the interval; nan without an interval.
        n: Number of cases behind the estimate; for a sensitivity, the cases with a fracture.

    Example:
        >>> print(Interval(0.84, 0.77, 0.89, 131))
        0.84 (95% CI 0.77–0.89, n = 131)
    """

    value: MeasuredNumber
    low: MeasuredNumber
    high: MeasuredNumber
    n: Count

    @classmethod
    def unknown(cls, n: int = 0) -> "Interval":
        """Return an interval without a value, for a measure that `n` cases do not define."""
        return cls(math.nan, math.nan, math.nan, n)

    @property
    def is_measured(self) -> bool:
        """Whether `value` is a number."""
        return not math.isnan(self.value)

    def text(self) -> str:
        """Return the text shown to users, such as "0.84 (95% CI 0.77–0.89, n = 131)"."""
        if not self.is_measured:
            return f"not measurable (n = {self.n:,})"
        if math.isnan(self.low) or math.isnan(self.high):
            return f"{_rounded(self.value)} (no interval, n = {self.n:,})"
        # An en dash is hard to read beside a minus sign.
        dash = " to " if self.low < 0 else "–"
        ends = f"{_rounded(self.low)}{dash}{_rounded(self.high)}"
        return f"{_rounded(self.value)} (95% CI {ends}, n = {self.n:,})"

    def __str__(self) -> str:
        return self.text()


def _rounded(value: float) -> str:
    """Two decimals, with a real minus sign and without a negative zero."""
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")

"""Interval: a measured number, its 95% confidence interval and the number of cases behind it."""

import math
from dataclasses import dataclass
from typing import Any

from fracture_core.evaluation.json_values import number_from_json, number_to_json, require_keys

#: Confidence level of every interval of this package.
CONFIDENCE_LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A measured number with its uncertainty.

    Attributes:
        value: the estimate; nan where it cannot be measured.
        low: lower end of the 95% confidence interval; nan where there is no interval.
        high: upper end; nan where there is no interval.
        n: number of cases the estimate rests on (for a sensitivity: cases with a fracture).
    """

    value: float
    low: float
    high: float
    n: int

    @classmethod
    def unknown(cls, n: int = 0) -> "Interval":
        """An interval for what cannot be measured on `n` cases."""
        return cls(math.nan, math.nan, math.nan, n)

    @property
    def is_measured(self) -> bool:
        """Whether there is a value."""
        return not math.isnan(self.value)

    def text(self) -> str:
        """The number as users read it, such as "0.84 (95% CI 0.77–0.89, n = 131)"."""
        if not self.is_measured:
            return f"not measurable (n = {self.n:,})"
        if math.isnan(self.low) or math.isnan(self.high):
            return f"{_rounded(self.value)} (no interval, n = {self.n:,})"
        # A dash after a minus sign is hard to read.
        dash = " to " if self.low < 0 else "–"
        ends = f"{_rounded(self.low)}{dash}{_rounded(self.high)}"
        return f"{_rounded(self.value)} (95% CI {ends}, n = {self.n:,})"

    def __str__(self) -> str:
        return self.text()

    def to_json(self) -> dict[str, Any]:
        """The interval as plain JSON values; nan becomes null."""
        return {
            "value": number_to_json(self.value),
            "low": number_to_json(self.low),
            "high": number_to_json(self.high),
            "n": self.n,
        }

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> "Interval":
        """The interval written by `rows_to_json`.

        Raises:
            DataError: a key is missing or holds no number.
        """
        require_keys(payload, cls)
        return cls(
            value=number_from_json(payload, "value"),
            low=number_from_json(payload, "low"),
            high=number_from_json(payload, "high"),
            n=int(number_from_json(payload, "n")),
        )


def _rounded(measured: float) -> str:
    """Two decimals, with a real minus sign and without a negative zero."""
    return f"{measured:.2f}".replace("-0.00", "0.00").replace("-", "−")

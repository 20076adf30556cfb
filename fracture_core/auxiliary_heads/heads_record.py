"""HeadsRecord: how good the second heads of a model are on films it has not seen."""

from dataclasses import dataclass
from typing import Any

from fracture_core.evaluation import Interval


@dataclass(frozen=True)
class HeadsRecord:
    """Measured on the test split, intervals clustered by group.

    Attributes:
        region: share of the films of one region whose region is told right; None without a region head.
        by_region: the same by region.
        passed: share of the films that the heads let pass without a word.
        refused: share that they refuse.
    """

    region: Interval | None
    by_region: dict[str, Interval]
    passed: Interval
    refused: Interval

    def to_json(self) -> dict[str, Any]:
        """The record as plain JSON values."""
        return {
            "region": self.region.to_json() if self.region else None,
            "by_region": {name: found.to_json() for name, found in self.by_region.items()},
            "passed": self.passed.to_json(),
            "refused": self.refused.to_json(),
        }

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> "HeadsRecord":
        """The record written by `rows_to_json`."""
        return cls(
            Interval.from_json(payload["region"]) if payload["region"] else None,
            {name: Interval.from_json(found) for name, found in payload["by_region"].items()},
            Interval.from_json(payload["passed"]),
            Interval.from_json(payload["refused"]),
        )

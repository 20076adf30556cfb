"""HeadsRecord: performance of a model's auxiliary heads on the test split."""

from dataclasses import dataclass
from typing import Any

from fracture_core.evaluation import Interval


@dataclass(frozen=True)
class HeadsRecord:
    """Test results with 95% intervals clustered by group. The attributes are fields of the model card.

    Attributes:
        region: accuracy of the region head on images of a single region; None without a region head.
        by_region: accuracy of the region head by region.
        passed: share of images that pass without a warning.
        refused: share of images that are rejected.
    """

    region: Interval | None
    by_region: dict[str, Interval]
    passed: Interval
    refused: Interval

    def to_json(self) -> dict[str, Any]:
        """Convert to plain JSON values."""
        return {
            "region": self.region.to_json() if self.region else None,
            "by_region": {name: interval.to_json() for name, interval in self.by_region.items()},
            "passed": self.passed.to_json(),
            "refused": self.refused.to_json(),
        }

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> "HeadsRecord":
        """Create from the output of `to_json`."""
        return cls(
            Interval.from_json(payload["region"]) if payload["region"] else None,
            {name: Interval.from_json(interval) for name, interval in payload["by_region"].items()},
            Interval.from_json(payload["passed"]),
            Interval.from_json(payload["refused"]),
        )

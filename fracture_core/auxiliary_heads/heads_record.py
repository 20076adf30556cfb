"""HeadsRecord: how good the second heads of a model are on films it has not seen."""

from dataclasses import dataclass

from fracture_core.evaluation import Interval
from fracture_core.io.json_record import JsonRecord


@dataclass(frozen=True)
class HeadsRecord(JsonRecord):
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

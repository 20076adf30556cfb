"""Counts of the three verdicts for cases with and without a fracture."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fracture_core.errors import DataError
from fracture_core.evaluation.json_values import require_keys
from fracture_core.evaluation.scored_cases import check_scored_cases
from fracture_core.evaluation.thresholds import VERDICTS, verdict_indices
from fracture_core.vocabulary import Verdict


@dataclass(frozen=True)
class VerdictCounts:
    """Counts of the verdicts by reference label, in the order of `VERDICTS`: not seen, uncertain, suspected.

    Attributes:
        fracture: Counts for cases with a fracture.
        no_fracture: Counts for cases without a fracture.
    """

    fracture: tuple[int, int, int]
    no_fracture: tuple[int, int, int]

    def count(self, verdict: Verdict, label: int) -> int:
        """Return the number of cases with a label (0 or 1) and a verdict."""
        return (self.no_fracture, self.fracture)[label][VERDICTS.index(verdict)]

    def to_frame(self) -> pd.DataFrame:
        """Return a table with a row for each verdict and the columns "fracture" and "no fracture"."""
        return pd.DataFrame(
            {"fracture": self.fracture, "no fracture": self.no_fracture},
            index=pd.Index([verdict.value for verdict in VERDICTS], name="verdict"),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        return {name: list(counts) for name, counts in asdict(self).items()}

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> "VerdictCounts":
        """Read what `to_json` returned.

        Raises:
            DataError: Counts are missing or invalid.
        """
        require_keys(payload, cls)
        rows = []
        for name in ("fracture", "no_fracture"):
            row = payload[name]
            if not (isinstance(row, list) and len(row) == 3 and all(isinstance(count, int) for count in row)):
                raise DataError(
                    f"Expected three counts for {name!r}, got {row!r}: "
                    "copy the file again from a complete copy of the model."
                )
            rows.append((row[0], row[1], row[2]))
        return cls(*rows)


def count_verdicts(label: ArrayLike, probability: ArrayLike, low: float, high: float) -> VerdictCounts:
    """Count the verdicts by reference label.

    Args:
        label: 0 or 1, shape (n,).
        probability: Calibrated probability of a fracture, 0–1, shape (n,).
        low: Lower threshold; below it the verdict is *no fracture seen*.
        high: Upper threshold; from it on the verdict is *fracture suspected*.

    Returns:
        The counts.

    Raises:
        DataError: Labels or probabilities are invalid.
    """
    cases = check_scored_cases(label, probability)
    indices = verdict_indices(cases.probability, low, high)
    table = np.bincount(cases.label * 3 + indices, minlength=6).tolist()
    return VerdictCounts(fracture=(table[3], table[4], table[5]), no_fracture=(table[0], table[1], table[2]))

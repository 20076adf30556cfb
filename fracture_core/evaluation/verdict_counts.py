"""ThreeState: how often each verdict was given, for films with a fracture and without."""

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
    """Counts of verdicts against the truth, each in the order of `VERDICTS`: not seen, uncertain, suspected.

    Attributes:
        fracture: verdicts on cases with a fracture.
        no_fracture: verdicts on cases without.
    """

    fracture: tuple[int, int, int]
    no_fracture: tuple[int, int, int]

    def count(self, verdict: Verdict, label: int) -> int:
        """Cases with this label (0 or 1) that got this verdict."""
        return (self.no_fracture, self.fracture)[label][VERDICTS.index(verdict)]

    def to_frame(self) -> pd.DataFrame:
        """A table with a row for each verdict and the columns "fracture" and "no fracture"."""
        return pd.DataFrame(
            {"fracture": self.fracture, "no fracture": self.no_fracture},
            index=pd.Index([verdict.value for verdict in VERDICTS], name="verdict"),
        )

    def to_json(self) -> dict[str, Any]:
        """The counts as plain JSON values."""
        return {name: list(counts) for name, counts in asdict(self).items()}

    @classmethod
    def from_json(cls, payload: dict[str, Any]) -> "VerdictCounts":
        """The counts written by `rows_to_json`.

        Raises:
            DataError: counts are missing.
        """
        require_keys(payload, cls)
        rows = []
        for name in ("fracture", "no_fracture"):
            row = payload[name]
            if not (isinstance(row, list) and len(row) == 3 and all(isinstance(count, int) for count in row)):
                raise DataError(
                    f"Expected three counts for {name!r}, got {row!r}: "
                    "take the file from a complete copy of the model."
                )
            rows.append((row[0], row[1], row[2]))
        return cls(*rows)


def count_verdicts(label: ArrayLike, probability: ArrayLike, low: float, high: float) -> VerdictCounts:
    """Counts verdicts against the truth.

    Args:
        label: 0 or 1, shape (n,).
        probability: calibrated, of *fracture*, 0–1, shape (n,).
        low: below it: no fracture seen.
        high: at or above it: fracture suspected.

    Raises:
        DataError: labels or probabilities are not what they should be.
    """
    cases = check_scored_cases(label, probability)
    code = verdict_indices(cases.probability, low, high)
    table = np.bincount(cases.label * 3 + code, minlength=6).tolist()
    return VerdictCounts(fracture=(table[3], table[4], table[5]), no_fracture=(table[0], table[1], table[2]))

"""Counts of the three verdicts for cases with and without a fracture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from fracture_core.evaluation.scored_cases import check_scored_cases
from fracture_core.evaluation.thresholds import VERDICTS, verdict_indices
from fracture_core.io.json_record import Count, JsonRecord
from fracture_core.vocabulary import Verdict

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class VerdictCounts(JsonRecord):
    """Counts of the verdicts by reference label, in the order of `VERDICTS`: not seen, uncertain, suspected.

    Attributes:
        fracture: Counts for cases with a fracture.
        no_fracture: Counts for cases without a fracture.
    """

    fracture: tuple[Count, Count, Count]
    no_fracture: tuple[Count, Count, Count]

    def count(self, verdict: Verdict, label: int) -> int:
        """Return the number of cases with a label (0 or 1) and a verdict."""
        return (self.no_fracture, self.fracture)[label][VERDICTS.index(verdict)]

    def to_frame(self) -> pd.DataFrame:
        """Return a table with a row for each verdict and the columns "fracture" and "no fracture"."""
        import pandas as pd

        return pd.DataFrame(
            {"fracture": self.fracture, "no fracture": self.no_fracture},
            index=pd.Index([verdict.value for verdict in VERDICTS], name="verdict"),
        )


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

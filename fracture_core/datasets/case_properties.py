"""Properties of cases by which a model's errors are told apart, as tables by case id."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from fracture_core.datasets.cases import Box, Case


def case_properties(cases: Sequence[Case]) -> pd.DataFrame:
    """What the tables of a data set say beside regions, in the columns that `evaluation.subgroup` knows.

    Args:
        cases: the cases.

    Returns:
        By case id: `views` (space separated), `hardware` (true, false or None), `fractures` (places marked; missing
        where none is) and `area` (of the largest box, 0–1; missing without a box).
    """
    return pd.DataFrame(
        {
            "views": [" ".join(case.views) for case in cases],
            "hardware": pd.Series([case.hardware for case in cases], dtype=object),
            "fractures": [float(len(case.boxes)) if case.boxes else np.nan for case in cases],
            "area": [max(map(_area, case.boxes), default=np.nan) for case in cases],
        }
    ).set_index(pd.Index([case.id for case in cases], name="id"))


def _area(box: Box) -> float:
    x0, y0, x1, y1 = box
    return (x1 - x0) * (y1 - y0)

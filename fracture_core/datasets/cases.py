"""Case: one labelled image of a dataset, and tables of cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fracture_core.file_names import escape_name

if TYPE_CHECKING:
    import pandas as pd

#: A bounding box as fractions of the image, independent of its size: x0, y0, x1, y1.
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Case:
    """One labelled radiograph.

    Attributes:
        id: unique within the dataset and independent of its folder.
        path: the image file.
        label: 0 or 1, index into `vocabulary.LABELS`.
        split: "train", "val", "test", or "" if not assigned yet.
        group: images of a group must not be divided by a split (patient, duplicates, rotated copies).
        regions: body regions, lower case; empty if unknown.
        boxes: bounding boxes of the lesions, as fractions of the image.
        views: projections, lower case ("frontal", "lateral", "oblique"); empty if unknown.
        hardware: whether the image shows surgical hardware; None if unknown.
    """

    id: str
    path: Path
    label: int
    split: str = ""
    group: str = ""
    regions: tuple[str, ...] = ()
    boxes: tuple[Box, ...] = ()
    views: tuple[str, ...] = ()
    hardware: bool | None = None


def cases_to_frame(cases: Sequence[Case]) -> pd.DataFrame:
    """Convert cases to a table.

    Returns:
        One row per case with id, path (escaped by `escape_name`), label, split, group and regions (separated by
        spaces).

    Example:
        >>> frame = cases_to_frame([Case("a", Path("a.png"), 1, regions=("hand", "wrist"))])
        >>> frame.loc[0, "regions"]
        'hand wrist'
    """
    import pandas as pd

    return pd.DataFrame(
        {
            "id": [case.id for case in cases],
            "path": [escape_name(str(case.path)) for case in cases],
            "label": [case.label for case in cases],
            "split": [case.split for case in cases],
            "group": [case.group for case in cases],
            "regions": [" ".join(case.regions) for case in cases],
        }
    )


def case_properties(cases: Sequence[Case]) -> pd.DataFrame:
    """Tabulate the case properties that define subgroups in `evaluation.subgroup`, except regions.

    Returns:
        A table indexed by case id: `views` (separated by spaces), `hardware` (True, False or None), `fractures`
        (number of boxes; missing without a box) and `area` (area of the largest box, 0–1; missing without a box).
    """
    import pandas as pd

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

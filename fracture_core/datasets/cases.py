"""Case: one labelled image of a data set."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from fracture_core.file_names import escape_name

#: A fracture box as fractions of the image, so that it survives any resizing: x0, y0, x1, y1.
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Case:
    """One labelled radiograph.

    Attributes:
        id: unique within the data set and independent of where the data set lies.
        path: the image file.
        label: 0 or 1, index into `vocabulary.LABELS`.
        split: "train", "val", "test", or "" where none is given yet.
        group: images that share a group must not be split (patient, duplicates, rotated copies).
        regions: body regions, lower case; empty where unknown.
        boxes: fracture boxes as fractions of the image.
        views: projections on the film, lower case ("frontal", "lateral", "oblique"); empty where unknown.
        hardware: whether metal of an operation is on the film; None where unknown.
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
    """The cases as a table; regions joined by a space, paths escaped by `escape_name`, boxes left out."""
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

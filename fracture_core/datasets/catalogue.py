"""Catalogue: a data set as its layout tells it, before any image is opened."""

from dataclasses import dataclass
from pathlib import Path

from fracture_core.datasets.cases import Case


@dataclass(frozen=True)
class DatasetRemark:
    """Something about a data set that its tables and folders already tell.

    Attributes:
        kind: a short name, such as "table_differs" or "not_in_table".
        ids: the cases it is about, or the names of files where there is no case.
        sentence: what was found, for a reader.
        details: one line for each instance, such as file and annotation id; empty where `ids` say it all.
    """

    kind: str
    ids: tuple[str, ...]
    sentence: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """The cases of a data set and how they were found.

    Attributes:
        root: its folder.
        layout: name of the layout that it was read as.
        cases: sorted by id.
        classes: the class names that were found and the label each was taken for.
        finding: what label 1 means, "fracture" or "abnormality".
        remarks: what is odd about its tables and folders.
        source: of a manifest that says so, the name of the layout of the set its films were taken from; else empty.
        paired: whether one scene stands under both labels on purpose, once with and once without the finding.
    """

    root: Path
    layout: str
    cases: tuple[Case, ...]
    classes: tuple[tuple[str, int], ...] = ()
    finding: str = "fracture"
    remarks: tuple[DatasetRemark, ...] = ()
    source: str = ""
    paired: bool = False

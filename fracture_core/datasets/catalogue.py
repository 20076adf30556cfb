"""Catalogue: the content of a dataset according to its folders and tables, before any image is opened."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fracture_core.datasets.cases import Case

# Maximum number of names in the sentence of a remark.
_MAX_NAMES = 3


@dataclass(frozen=True)
class DatasetRemark:
    """An irregularity in the folders and tables of a dataset.

    Attributes:
        kind: identifier, such as "table_differs" or "not_in_table".
        ids: ids of the affected cases, or names of files that belong to no case.
        sentence: description for users.
        details: one line per instance, such as file and annotation id; may be empty.
    """

    kind: str
    ids: tuple[str, ...]
    sentence: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """The cases of a dataset as its layout defines them.

    Attributes:
        root: folder of the dataset.
        layout: name of the layout.
        cases: sorted by id.
        classes: class names of the dataset with the label assigned to each.
        finding: meaning of label 1, "fracture" or "abnormality".
        remarks: irregularities in folders and tables.
        source: layout of the dataset that the images of a manifest come from; "" if not recorded.
        paired: whether the dataset shows each limb on purpose both with and without the finding.
    """

    root: Path
    layout: str
    cases: tuple[Case, ...]
    classes: tuple[tuple[str, int], ...] = ()
    finding: str = "fracture"
    remarks: tuple[DatasetRemark, ...] = ()
    source: str = ""
    paired: bool = False


def make_remark(kind: str, ids: Iterable[str], one: str, many: str) -> tuple[DatasetRemark, ...]:
    """Create a remark on some images.

    Args:
        kind: identifier of the remark.
        ids: the affected images.
        one: sentence for a single image; `{names}` is replaced by its name.
        many: sentence for several images; `{n}` is replaced by their number, `{names}` by the first names.

    Returns:
        A tuple with the remark; empty if there are no such images.
    """
    unique = tuple(sorted(set(ids)))
    if not unique:
        return ()
    names = ", ".join(unique[:_MAX_NAMES])
    if len(unique) > _MAX_NAMES:
        names += f" and {len(unique) - _MAX_NAMES:,} more"
    sentence = (one if len(unique) == 1 else many).format(n=f"{len(unique):,}", names=names)
    return (DatasetRemark(kind, unique, sentence),)

"""The films of an audit: cases, facts and pictures side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fracture_core.audit.file_facts import FileFacts
from fracture_core.datasets.cases import Case
from fracture_core.datasets.split import merge_groups
from fracture_core.vocabulary import SPLITS


@dataclass(frozen=True, eq=False)
class AuditedImages:
    """Cases with what was seen of them, row by row.

    Attributes:
        cases: the cases.
        facts: one each.
        pictures: int (n,), equal where two cases show the same picture.
    """

    cases: Sequence[Case]
    facts: Sequence[FileFacts]
    pictures: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.cases)

    @cached_property
    def ids(self) -> list[str]:
        """Ids of the cases."""
        return [case.id for case in self.cases]

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Labels of the cases."""
        return np.array([case.label for case in self.cases], np.int64)

    @cached_property
    def splits(self) -> NDArray[np.str_]:
        """Split of each case, "" where there is none."""
        return np.array([case.split for case in self.cases], dtype=str)

    @cached_property
    def split_names(self) -> list[str]:
        """The splits that have films, in their usual order; [""] where the set is not split."""
        present = set(self.splits.tolist())
        return [split for split in ("", *SPLITS) if split in present]

    @cached_property
    def readable(self) -> NDArray[np.bool_]:
        """Which files could be read."""
        return np.array([facts.readable for facts in self.facts], bool)

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """Codes of the groups, those that share a picture merged."""
        merged = merge_groups(self.cases, self.pictures)
        return np.unique([case.group for case in merged], return_inverse=True)[1]

    def duplicate_groups(self) -> list[NDArray[np.int64]]:
        """Rows of each picture that several readable files show, the largest first."""
        rows = np.flatnonzero(self.readable)
        order = rows[np.argsort(self.pictures[rows], kind="stable")]
        edges = np.flatnonzero(np.diff(self.pictures[order])) + 1
        found = [part for part in np.split(order, edges) if len(part) > 1]
        return sorted(found, key=lambda part: (-len(part), int(part[0])))

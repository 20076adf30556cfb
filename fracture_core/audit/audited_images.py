"""The images of an audit: cases, file facts and duplicate ids in parallel sequences."""

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
    """Cases with the facts measured from their files. All sequences have the same length and order.

    Attributes:
        cases: the cases.
        facts: the facts of each case's file.
        content_ids: int64 (n,), equal for files that show the same image.
    """

    cases: Sequence[Case]
    facts: Sequence[FileFacts]
    content_ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.cases)

    @cached_property
    def ids(self) -> list[str]:
        """Case ids."""
        return [case.id for case in self.cases]

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Labels (n,), 0 or 1."""
        return np.array([case.label for case in self.cases], np.int64)

    @cached_property
    def splits(self) -> NDArray[np.str_]:
        """Split of each case (n,), "" if it has none."""
        return np.array([case.split for case in self.cases], dtype=str)

    @cached_property
    def split_names(self) -> list[str]:
        """The splits that contain images, in the usual order; [""] for an unsplit dataset."""
        present = set(self.splits.tolist())
        return [split for split in ("", *SPLITS) if split in present]

    @cached_property
    def readable(self) -> NDArray[np.bool_]:
        """Whether each file could be read (n,)."""
        return np.array([facts.readable for facts in self.facts], bool)

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """Group numbers (n,). Groups that share an image are merged."""
        merged = merge_groups(self.cases, self.content_ids)
        return np.unique([case.group for case in merged], return_inverse=True)[1].astype(np.int64)

    def duplicate_groups(self) -> list[NDArray[np.int64]]:
        """Return the rows of each image that several readable files show, largest group first."""
        rows = np.flatnonzero(self.readable)
        order = rows[np.argsort(self.content_ids[rows], kind="stable")]
        edges = np.flatnonzero(np.diff(self.content_ids[order])) + 1
        groups = [rows.astype(np.int64) for rows in np.split(order, edges) if len(rows) > 1]
        return sorted(groups, key=lambda rows: (-len(rows), int(rows[0])))

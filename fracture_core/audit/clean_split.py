"""A split that can be trusted, out of one that cannot; nothing on disk is moved or deleted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fracture_core.audit.audited_images import AuditedImages
from fracture_core.datasets.cases import Case
from fracture_core.datasets.layouts.image_files import is_rotated_copy
from fracture_core.datasets.split import grouped_split, merge_groups
from fracture_core.errors import DataError
from fracture_core.imaging import QualityState


@dataclass(frozen=True, eq=False)
class CleanSplit:
    """What is left of a set.

    Attributes:
        cases: one film a picture, split by group into train, val and test.
        copies: files left out because another shows the same picture.
        contradictory: files left out because their picture stands under both labels.
        unusable: files left out because they cannot be read or are no radiographs.
    """

    cases: tuple[Case, ...]
    copies: int
    contradictory: int
    unusable: int

    @property
    def sentence(self) -> str:
        """What was done, for a reader."""
        counts = {
            split: sum(case.split == split for case in self.cases) for split in ("train", "val", "test")
        }
        return (
            f"{len(self.cases):,} films are left: train {counts['train']:,}, validation {counts['val']:,}, test "
            f"{counts['test']:,}. Left out: {self.copies:,} copies, {self.contradictory:,} films of pictures under "
            f"both labels, {self.unusable:,} files that cannot be used."
        )


def make_clean_split(every: AuditedImages, seed: int = 0) -> CleanSplit:
    """De-duplicates a set and splits it anew by group, stratified by label and region.

    Of the copies of a picture the one is kept that is whole, not turned by its own name, and largest. Groups
    that shared a picture stay one group.

    Args:
        every: the films as audited.
        seed: of the split.

    Raises:
        DataError: too little is left to fill three splits.
    """
    usable = every.readable & np.array(
        [facts.gate.state is not QualityState.REFUSE for facts in every.facts], bool
    )
    grouped = merge_groups(every.cases, every.pictures)
    kept: list[Case] = []
    copies = contradictory = 0
    rows = np.flatnonzero(usable)
    for part in _group_by_duplicate(every.pictures, rows):
        if len(set(every.labels[part].tolist())) > 1:
            contradictory += len(part)
            continue
        copies += len(part) - 1
        kept.append(replace(grouped[_best_copy(every, part)], split=""))
    kept.sort(key=lambda case: case.id)
    try:
        split = grouped_split(kept, seed)
    except DataError as error:
        raise DataError(f"The set cannot be mended, because too little of it is left. {error}") from error
    return CleanSplit(tuple(split), copies, contradictory, int((~usable).sum()))


def select_clean(every: AuditedImages, mended: CleanSplit) -> AuditedImages:
    """The films of a mended set as they were seen, to be checked again."""
    row_of = {name: row for row, name in enumerate(every.ids)}
    rows = [row_of[case.id] for case in mended.cases]
    return AuditedImages(mended.cases, [every.facts[row] for row in rows], every.pictures[rows])


def _group_by_duplicate(pictures: NDArray[np.int64], rows: NDArray[np.int64]) -> Sequence[NDArray[np.int64]]:
    order = rows[np.argsort(pictures[rows], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(pictures[order])) + 1) if len(order) else []


def _best_copy(every: AuditedImages, rows: NDArray[np.int64]) -> int:
    def rank(row: int) -> tuple:
        facts, case = every.facts[row], every.cases[row]
        return (
            facts.truncated,
            is_rotated_copy(case.path),
            -facts.width * facts.height,
            -len(case.boxes),
            case.id,
        )

    return min(rows.tolist(), key=rank)

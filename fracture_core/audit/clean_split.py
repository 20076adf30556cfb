"""Leak-free splits without duplicates. Files on disk are never moved or deleted."""

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
    """The images that remain after cleaning, split again.

    Attributes:
        cases: one case per image, split by group into train, val and test.
        copies: files left out because another file shows the same image.
        contradictory: files left out because their image has both labels.
        unusable: files left out because they are unreadable or not radiographs.
    """

    cases: tuple[Case, ...]
    copies: int
    contradictory: int
    unusable: int

    @property
    def sentence(self) -> str:
        """A summary for users."""
        train, val, test = (
            sum(case.split == split for case in self.cases) for split in ("train", "val", "test")
        )
        return (
            f"{len(self.cases):,} images remain: {train:,} training, {val:,} validation, {test:,} test. "
            f"Left out: {self.copies:,} duplicates, {self.contradictory:,} files with contradictory labels, "
            f"{self.unusable:,} unusable files."
        )


def make_clean_split(images: AuditedImages, seed: int = 0) -> CleanSplit:
    """Remove duplicates and split by group, stratified by label and region.

    Of several copies the best one is kept: complete, not rotated according to its name, largest.
    Groups that shared an image stay one group.

    Args:
        images: the images of the audit.
        seed: seed of the split.

    Returns:
        The clean split.

    Raises:
        DataError: Too few images remain to fill three splits.
    """
    usable = images.readable & np.array(
        [facts.quality.state is not QualityState.REFUSE for facts in images.facts], bool
    )
    grouped = merge_groups(images.cases, images.content_ids)
    selected: list[Case] = []
    copies = contradictory = 0
    for rows in _group_by_content(images.content_ids, np.flatnonzero(usable)):
        if len(set(images.labels[rows].tolist())) > 1:
            contradictory += len(rows)
            continue
        copies += len(rows) - 1
        selected.append(replace(grouped[_best_copy(images, rows)], split=""))
    selected.sort(key=lambda case: case.id)
    try:
        split = grouped_split(selected, seed)
    except DataError as error:
        raise DataError(f"A clean split is not possible: too few images remain. {error}") from error
    return CleanSplit(tuple(split), copies, contradictory, int((~usable).sum()))


def select_clean(images: AuditedImages, clean: CleanSplit) -> AuditedImages:
    """Return the images of a clean split with their facts, so that they can be checked again.

    Args:
        images: the images of the audit.
        clean: the clean split made from them.

    Returns:
        The images of the clean split, in its order.
    """
    row_of = {name: row for row, name in enumerate(images.ids)}
    rows = [row_of[case.id] for case in clean.cases]
    return AuditedImages(clean.cases, [images.facts[row] for row in rows], images.content_ids[rows])


def deduplicate(images: AuditedImages) -> tuple[Case, ...]:
    """Keep the dataset as distributed, but with each training file once.

    Files with the same bytes, label and split are kept once, so that training does not see them several
    times per epoch. Validation and test splits stay as they are, because published results refer to their
    files. Leaks between splits and rotated copies remain.

    Args:
        images: the images of the audit.

    Returns:
        The cases that remain, in the order of the ids.
    """
    seen: set[tuple[str, int, str]] = set()
    selected = []
    for case, facts in zip(images.cases, images.facts, strict=True):
        key = (facts.digest, case.label, case.split)
        if facts.error or (key in seen and case.split in ("", "train")):
            continue
        seen.add(key)
        selected.append(case)
    return tuple(selected)


def _group_by_content(content_ids: NDArray[np.int64], rows: NDArray[np.intp]) -> Sequence[NDArray[np.intp]]:
    """Group rows by content id."""
    order = rows[np.argsort(content_ids[rows], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(content_ids[order])) + 1) if len(order) else []


def _best_copy(images: AuditedImages, rows: NDArray[np.intp]) -> int:
    """Return the row of the copy to keep."""

    def rank(row: int) -> tuple[bool, bool, int, int, str]:
        facts, case = images.facts[row], images.cases[row]
        return (
            facts.truncated,
            is_rotated_copy(case.path),
            -facts.width * facts.height,
            -len(case.boxes),
            case.id,
        )

    return min([int(row) for row in rows], key=rank)

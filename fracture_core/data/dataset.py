"""A folder of radiographs as a data set ready for training: cases with groups and splits."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fracture_core.data import copies
from fracture_core.data.cases import Case
from fracture_core.data.layouts import read_cases
from fracture_core.data.split import complete_split, merge_groups, split_hash


@dataclass(frozen=True)
class Dataset:
    """A data set, split.

    Attributes:
        root: its folder.
        layout: the layout it was read as.
        cases: every case, with split and group.
        own_split: whether it came with its own val or test folder, and is kept as distributed.
    """

    root: Path
    layout: str
    cases: tuple[Case, ...]
    own_split: bool

    @property
    def split_hash(self) -> str:
        """SHA-256 of the split."""
        return split_hash(self.cases)


def load(
    root: Path, layout: str = "auto", seed: int = 0, progress: Callable[[int, int], None] | None = None
) -> Dataset:
    """Reads a data set and completes its split.

    Every picture is looked at first, so that copies of one picture share a group: where a part is cut, they
    land on one side of it. A set that comes with splits is taken as distributed, leaks and all; there the
    groups are for the intervals.

    Args:
        root: the folder.
        layout: a layout's name, or "auto".
        seed: seed of the split.
        progress: called with (files looked at, files) while pictures are compared.

    Returns:
        The data set.

    Raises:
        DataError: see `layouts.read_cases` and `split.complete_split`.
    """
    name, cases = read_cases(root, layout)
    own_split = any(case.split not in ("", "train") for case in cases)
    cases = merge_groups(cases, copies.find([case.path for case in cases], progress))
    return Dataset(root, name, tuple(complete_split(cases, seed)), own_split)

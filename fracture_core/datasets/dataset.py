"""A folder of radiographs as a data set ready for training: cases with groups and splits."""

from dataclasses import dataclass
from pathlib import Path

from fracture_core import near_duplicates
from fracture_core.datasets.cases import Case
from fracture_core.datasets.catalogue import DatasetRemark
from fracture_core.datasets.layouts import read_catalogue
from fracture_core.datasets.split import complete_split, merge_groups, split_hash
from fracture_core.jobs.progress import ProgressCallback
from fracture_core.vocabulary import FINDINGS


@dataclass(frozen=True)
class Dataset:
    """A data set, split.

    Attributes:
        root: its folder.
        layout: the layout it was read as.
        cases: every case, with split and group.
        own_split: whether it came with its own val or test part, and is kept as given.
        finding: what label 1 means, a name of `vocabulary.FINDINGS`.
        classes: the class names that were found and the label each was taken for.
        remarks: what is odd about its tables and folders.
        source: of a manifest that says so, the name of the layout of the set its films were taken from; else empty.
    """

    root: Path
    layout: str
    cases: tuple[Case, ...]
    own_split: bool
    finding: str = FINDINGS[0]
    classes: tuple[tuple[str, int], ...] = ()
    remarks: tuple[DatasetRemark, ...] = ()
    source: str = ""

    @property
    def leaks(self) -> int:
        """Films to validate or test on that stand in one group with films to train on."""
        trained = {case.group for case in self.cases if case.split == "train"}
        return sum(case.split != "train" and case.group in trained for case in self.cases)

    @property
    def split_hash(self) -> str:
        """SHA-256 of the split."""
        return split_hash(self.cases)


def load_dataset(
    root: Path, layout: str = "auto", seed: int = 0, progress: ProgressCallback | None = None
) -> Dataset:
    """Reads a data set and completes its split.

    Every picture is looked at first, so that copies of one picture share a group: where a part is cut, they
    land on one side of it. A set that comes with splits is taken as distributed, leaks and all; there the
    groups are for the intervals.

    Args:
        root: the folder, or a manifest.
        layout: a layout's name, or "auto".
        seed: seed of the split.
        progress: called with (stage, files read, files) while images are compared.

    Returns:
        The data set.

    Raises:
        DataError: see `layouts.read_catalogue` and `split.complete_split`.
    """
    catalogue = read_catalogue(root, layout)
    cases = list(catalogue.cases)
    own_split = any(case.split not in ("", "train") for case in cases)
    cases = merge_groups(cases, near_duplicates.find_duplicates([case.path for case in cases], progress))
    return Dataset(
        catalogue.root,
        catalogue.layout,
        tuple(complete_split(cases, seed)),
        own_split,
        catalogue.finding,
        catalogue.classes,
        catalogue.remarks,
        catalogue.source,
    )

"""Dataset: labelled cases with groups and splits, ready for training and evaluation."""

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
    """A dataset with a complete split.

    Attributes:
        root: folder of the dataset.
        layout: name of the layout.
        cases: all cases, with split and group.
        own_split: whether the dataset has its own val or test split, which is kept as published.
        finding: meaning of label 1, a name of `vocabulary.FINDINGS`.
        classes: class names of the dataset with the label assigned to each.
        remarks: irregularities in folders and tables.
        source: layout of the dataset that the images of a manifest come from; "" if not recorded.
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
        """Number of validation and test images that share a group with a training image."""
        train_groups = {case.group for case in self.cases if case.split == "train"}
        return sum(case.split != "train" and case.group in train_groups for case in self.cases)

    @property
    def split_hash(self) -> str:
        """SHA-256 of the split."""
        return split_hash(self.cases)


def load_dataset(
    root: Path, layout: str = "auto", seed: int = 0, progress: ProgressCallback | None = None
) -> Dataset:
    """Load a dataset and complete its split.

    All images are compared first, so that duplicates share a group and stay in the same split. A published split is
    kept even if it has leaks; the groups are then used for confidence intervals only.

    Args:
        root: the folder, or a manifest.
        layout: name of a layout, or "auto".
        seed: seed of the split.
        progress: called with (stage, compared images, all images).

    Raises:
        DataError: See `layouts.read_catalogue` and `split.complete_split`.
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

"""DatasetPreview: description of a dataset before a training."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fracture_core.datasets.cases import Case
from fracture_core.datasets.layouts import find_layout, read_catalogue
from fracture_core.datasets.split import complete_split
from fracture_core.errors import DataError
from fracture_core.file_names import escape_name
from fracture_core.vocabulary import SPLITS, finding_with_article
from pages.components.common.data_folder import resolve_folder

_SPLIT_NAMES = {"train": "training", "val": "validation", "test": "test"}

# Number of sample images per label.
_SAMPLES_PER_LABEL = 48


class UnusableDatasetError(DataError):
    """A readable dataset that cannot be trained on as it is split; its clean split may be usable."""


@dataclass(frozen=True)
class DatasetPreview:
    """Description of a dataset.

    Attributes:
        folder: absolute path.
        sentence: layout, counts and split.
        finding: meaning of label 1, a name of `vocabulary.FINDINGS`.
        parts: images by (split, label).
        regions: images by (region, label), the most frequent region first; "" if none is stated. An image of two
            regions counts in both.
        sample: sample images of both labels, in a random but fixed order.
    """

    folder: str
    sentence: str
    finding: str
    parts: Mapping[tuple[str, int], int]
    regions: Mapping[tuple[str, int], int]
    sample: tuple[Case, ...]

    @property
    def training_count(self) -> int:
        """Approximate number of training images."""
        return self.parts["train", 0] + self.parts["train", 1]


def preview_dataset(text: str) -> DatasetPreview:
    """Describe a folder or a manifest without opening an image.

    Args:
        text: the path, as a user typed or pasted it.

    Raises:
        UnusableDatasetError: it cannot be trained on as it is split.
        DataError: it is not a dataset.
    """
    root = resolve_folder(text)
    found = read_catalogue(root)
    try:
        # Near-duplicates are found later, when the images are opened; the counts are close enough.
        split = complete_split(found.cases)
    except DataError as error:
        raise UnusableDatasetError(str(error)) from error
    finding = finding_with_article(found.finding)
    images = Counter((case.split, case.label) for case in split)
    for part in SPLITS:
        for label, text in enumerate((f"without {finding}", f"with {finding}")):
            if not images[part, label]:
                raise UnusableDatasetError(
                    f"The {_SPLIT_NAMES[part]} split has no image {text}. Add images or split the dataset again."
                )
    counts = {part: images[part, 0] + images[part, 1] for part in SPLITS}
    positive = sum(case.label for case in found.cases)
    remarks = "".join(f" {remark.sentence}" for remark in found.remarks)
    return DatasetPreview(
        escape_name(str(root)),
        f"{find_layout(found.layout).title}: {len(found.cases):,} images, {positive:,} with {finding}. "
        f"{_describe_split(frozenset(case.split for case in found.cases), counts)}{remarks}",
        found.finding,
        {(part, label): images[part, label] for part in SPLITS for label in (0, 1)},
        _count_by_region(split),
        _sample(split),
    )


def _count_by_region(cases: Sequence[Case]) -> dict[tuple[str, int], int]:
    found = Counter((region, case.label) for case in cases for region in case.regions or ("",))
    regions = Counter(region for case in cases for region in case.regions or ("",))
    return {(region, label): found[region, label] for region, _ in regions.most_common() for label in (0, 1)}


def _sample(cases: Sequence[Case]) -> tuple[Case, ...]:
    """Alternate images with and without the finding."""
    order = np.random.default_rng(0).permutation(len(cases))
    by_label = [
        [cases[index] for index in order if cases[index].label == label][:_SAMPLES_PER_LABEL]
        for label in (1, 0)
    ]
    fewer = min(map(len, by_label))
    return tuple(case for pair in zip(*by_label, strict=False) for case in pair) + tuple(
        case for cases_of_label in by_label for case in cases_of_label[fewer:]
    )


def _describe_split(present: frozenset[str], counts: dict[str, int]) -> str:
    if present == {""}:
        return (
            "The dataset has no splits. It will be split by group, so that duplicates and neighbouring image numbers "
            "stay together: about 70% training, 15% validation, 15% test."
        )
    sizes = f"training {counts['train']:,}, validation {counts['val']:,}, test {counts['test']:,}"
    if {"train", "val", "test"} <= present:
        return f"Split as distributed: {sizes}."
    if "val" in present:
        return (
            f"Its validation split becomes the test split, and part of training becomes validation: {sizes}."
        )
    return f"Part of training becomes validation: {sizes}."

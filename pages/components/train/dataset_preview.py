"""What a folder of films is, in a sentence, before anything is trained on it."""

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

# Films of each label that are kept to be shown.
_SHOWN = 48


class UnusableDatasetError(DataError):
    """A set that is understood and cannot be trained on as it is split; a mended split of it may serve."""


@dataclass(frozen=True)
class DatasetPreview:
    """A data set at first sight.

    Attributes:
        folder: where it is, absolute.
        sentence: what it is.
        finding: what label 1 means, a name of `vocabulary.FINDINGS`.
        parts: films by (split, label).
        regions: films by (region, label), the commonest region first; "" where none is stated. A film of two
            regions counts in both.
        sample: some films of either label, in an order of chance that stays.
    """

    folder: str
    sentence: str
    finding: str
    parts: Mapping[tuple[str, int], int]
    regions: Mapping[tuple[str, int], int]
    sample: tuple[Case, ...]

    @property
    def training_count(self) -> int:
        """About how many films are for training."""
        return self.parts["train", 0] + self.parts["train", 1]


def preview_dataset(text: str) -> DatasetPreview:
    """Looks at a folder, or a manifest, without opening an image.

    Args:
        text: the path, as a user typed or pasted it.

    Raises:
        UnfitError: it cannot be trained on as it is split.
        DataError: it is no data set.
    """
    root = resolve_folder(text)
    found = read_catalogue(root)
    try:
        # Copies of one picture are found only later, when the films are opened; the sizes are near enough.
        split = complete_split(found.cases)
    except DataError as error:
        raise UnusableDatasetError(str(error)) from error
    finding = finding_with_article(found.finding)
    films = Counter((case.split, case.label) for case in split)
    for part in SPLITS:
        for label, word in enumerate((f"without {finding}", f"with {finding}")):
            if not films[part, label]:
                raise UnusableDatasetError(
                    f"Expected films of both kinds in each split, but {part} has none {word}: add films or split the "
                    "set anew."
                )
    counts = {part: films[part, 0] + films[part, 1] for part in SPLITS}
    positive = sum(case.label for case in found.cases)
    remarks = "".join(f" {remark.sentence}" for remark in found.remarks)
    return DatasetPreview(
        escape_name(str(root)),
        f"{find_layout(found.layout).title}: {len(found.cases):,} films, {positive:,} with {finding}. "
        f"{_how(frozenset(case.split for case in found.cases), counts)}{remarks}",
        found.finding,
        {(part, label): films[part, label] for part in SPLITS for label in (0, 1)},
        _by_region(split),
        _some(split),
    )


def _by_region(cases: Sequence[Case]) -> dict[tuple[str, int], int]:
    found = Counter((region, case.label) for case in cases for region in case.regions or ("",))
    regions = Counter(region for case in cases for region in case.regions or ("",))
    return {(region, label): found[region, label] for region, _ in regions.most_common() for label in (0, 1)}


def _some(cases: Sequence[Case]) -> tuple[Case, ...]:
    """Films with and without the finding by turns."""
    order = np.random.default_rng(0).permutation(len(cases))
    kinds = [[cases[at] for at in order if cases[at].label == label][:_SHOWN] for label in (1, 0)]
    fewer = min(map(len, kinds))
    return tuple(case for pair in zip(*kinds, strict=False) for case in pair) + tuple(
        case for kind in kinds for case in kind[fewer:]
    )


def _how(present: frozenset[str], counts: dict[str, int]) -> str:
    if present == {""}:
        return (
            "It comes without splits and will be split by group, so that copies of a film and neighbouring image "
            "numbers stay together: about 70% to train, 15% to validate, 15% to test."
        )
    sizes = f"train {counts['train']:,}, validation {counts['val']:,}, test {counts['test']:,}"
    if {"train", "val", "test"} <= present:
        return f"Split as distributed: {sizes}."
    if "val" in present:
        return f"Its validation folder will serve as test, and part of train as validation: {sizes}."
    return f"Part of train will serve as validation: {sizes}."

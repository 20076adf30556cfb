"""The next training dataset: images with wrong labels are left out or get the other label."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from fracture_core.datasets.cases import Case
from fracture_core.datasets.split import with_training_split
from fracture_core.errors import DataError
from fracture_core.review.annotation import Annotation, Review


@dataclass(frozen=True)
class RelabelledDataset:
    """A dataset after its review.

    Attributes:
        cases: the cases, with the splits that the model was trained and tested on.
        flipped: whether wrong labels were flipped; otherwise these images were left out.
        changed: ids of the images with wrong labels outside the test split.
        tested: ids of the images with wrong labels in the test split. They are unchanged, so that the next model is
            tested on the same images and labels.
        unknown: ids marked as wrong that the dataset does not contain.
    """

    cases: tuple[Case, ...]
    flipped: bool
    changed: tuple[str, ...]
    tested: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Summary in words."""
        total = len(self.cases) + (0 if self.flipped else len(self.changed))
        action = "flipped" if self.flipped else "left out"
        sentences = [f"Images: {total:,}. Wrong labels {action}: {len(self.changed):,}."]
        if self.tested:
            sentences.append(
                f"Wrong labels in the test split: {len(self.tested):,}. They stay unchanged, so that the next model is "
                "tested on the same images and labels."
            )
        if self.unknown:
            sentences.append(f"Wrong labels of images outside this dataset: {len(self.unknown):,}.")
        return " ".join(sentences)


def wrong_label_cases(reviews: Sequence[Review], reviewer: str = "") -> set[str]:
    """Find the images whose label is marked as wrong.

    Args:
        reviews: the current reviews.
        reviewer: the only reviewer who counts; "" for the majority of the reviewers who marked an image.

    Returns:
        Ids of the images.

    Raises:
        DataError: If the reviewer has not marked any image.

    Example:
        >>> time = "2026-01-31T12:00:00+00:00"
        >>> marks = [("1", "label wrong", "A"), ("2", "label wrong", "A"), ("2", "correct", "B")]
        >>> wrong_label_cases([Review(case, mark, "", name, time) for case, mark, name in marks])
        {'1'}
    """
    reviewer = " ".join(reviewer.split())
    names = sorted({review.reviewer for review in reviews})
    if reviewer and reviewer not in names:
        raise DataError(
            f"There are no marks by {reviewer!r}: choose one of the reviewers ({', '.join(names) or 'none yet'})."
        )
    votes: dict[str, list[bool]] = {}
    for review in reviews:
        if reviewer in ("", review.reviewer):
            votes.setdefault(review.case, []).append(review.mark == Annotation.LABEL_WRONG)
    return {case for case, is_wrong in votes.items() if 2 * sum(is_wrong) > len(is_wrong)}


def relabel_dataset(
    cases: Sequence[Case], record: pd.DataFrame, wrong: Collection[str], flip: bool
) -> RelabelledDataset:
    """Remove or flip wrong labels outside the test split.

    Args:
        cases: cases of the dataset that the model was trained on.
        record: the model's predictions on its validation and test images, with the columns `id` and `split`.
        wrong: ids of the images whose label is wrong.
        flip: whether to flip these labels; otherwise the images are left out. Boxes of flipped images are removed.

    Raises:
        DataError: If the model was trained on another dataset.
    """
    with_splits = with_training_split(cases, record)
    if with_splits is None:
        raise DataError(
            "This is not the dataset that the model was trained on; some of its validation and test images are "
            "missing: choose the model's dataset."
        )
    # Test images of the model, and those of the publishers, which its record may leave out.
    tested = {
        case.id for given, case in zip(cases, with_splits, strict=True) if "test" in (given.split, case.split)
    }
    changed = {case.id for case in with_splits} & set(wrong) - tested
    relabelled = []
    for case in with_splits:
        if case.id not in changed:
            relabelled.append(case)
        elif flip:
            relabelled.append(replace(case, label=1 - case.label, boxes=()))
    return RelabelledDataset(
        tuple(relabelled),
        flip,
        tuple(sorted(changed)),
        tuple(sorted(tested & set(wrong))),
        tuple(sorted(set(wrong) - {case.id for case in with_splits})),
    )

"""The next training set: without the films whose label reviewers call wrong, or with that label turned round."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from fracture_core.datasets.cases import Case
from fracture_core.datasets.split import with_training_split
from fracture_core.errors import DataError
from fracture_core.review.annotation import Annotation, Review


@dataclass(frozen=True)
class RelabelledDataset:
    """A data set after its review.

    Attributes:
        cases: with the splits that the model was trained and tested on.
        flipped: whether films with a wrong label got the other one; otherwise they are left out.
        changed: ids of these films.
        tested: ids of films whose label is called wrong in the test split; they stay as they are, so that the
            next model is measured on the same films and labels as this one.
        strange: ids whose label is called wrong, and that the data set does not have.
    """

    cases: tuple[Case, ...]
    flipped: bool
    changed: tuple[str, ...]
    tested: tuple[str, ...]
    strange: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What changes, in words."""
        every = len(self.cases) + (0 if self.flipped else len(self.changed))
        done = "turned round" if self.flipped else "left out"
        words = [f"Films: {every:,}; with a label that is called wrong and {done}: {len(self.changed):,}."]
        if self.tested:
            words.append(
                f"In the test split: {len(self.tested):,} more, which stay as they are, so that the next model is "
                "measured on the same films and labels as this one."
            )
        if self.strange:
            words.append(f"Called wrong but not in this data set: {len(self.strange):,}.")
        return " ".join(words)


def wrong_label_cases(reviews: Sequence[Review], reviewer: str = "") -> set[str]:
    """Ids of the films whose label is called wrong.

    Args:
        reviews: as they stand.
        reviewer: whose word counts; "" for more than half of those who marked a film.

    Raises:
        DataError: nobody of that name has marked a film.
    """
    reviewer = " ".join(reviewer.split())
    names = sorted({review.reviewer for review in reviews})
    if reviewer and reviewer not in names:
        raise DataError(
            f"Expected a reviewer who marked films here ({', '.join(names) or 'nobody yet'}), but got {reviewer!r}: "
            "check the name."
        )
    counted = [review for review in reviews if reviewer in ("", review.reviewer)]
    votes: dict[str, list[bool]] = {}
    for review in counted:
        votes.setdefault(review.case, []).append(review.mark == Annotation.LABEL_WRONG)
    return {case for case, wrong in votes.items() if 2 * sum(wrong) > len(wrong)}


def relabel_dataset(
    cases: Sequence[Case], record: pd.DataFrame, wrong: Collection[str], flip: bool
) -> RelabelledDataset:
    """The data set with the wrong labels out of it.

    Args:
        cases: of the data set of the model's training.
        record: the model's predictions on its validation and test films.
        wrong: ids of films whose label is called wrong.
        flip: whether they get the other label; otherwise they are left out. A film that becomes one without the
            finding loses its boxes.

    Raises:
        DataError: this is another data set.
    """
    known = with_training_split(cases, record)
    if known is None:
        raise DataError(
            "Expected the data set that the model was trained and tested on, but some of its validation and test films "
            "are not there: name that data set."
        )
    # Tested by the model or, where its record leaves a film out, by those who published the set.
    tested = {
        case.id for before, case in zip(cases, known, strict=True) if "test" in (before.split, case.split)
    }
    changed = {case.id for case in known} & set(wrong) - tested
    kept = []
    for case in known:
        if case.id not in changed:
            kept.append(case)
        elif flip:
            kept.append(replace(case, label=1 - case.label, boxes=()))
    return RelabelledDataset(
        tuple(kept),
        flip,
        tuple(sorted(changed)),
        tuple(sorted(tested & set(wrong))),
        tuple(sorted(set(wrong) - {case.id for case in known})),
    )

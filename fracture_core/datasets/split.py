"""Grouped splits into training, validation and test cases."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold

from fracture_core.datasets.cases import Case
from fracture_core.datasets.recorded_split import recorded_split
from fracture_core.errors import DataError

# Number of folds, and how many of them become the test and the validation split: 15% each.
_FOLDS = 20
_HELD_OUT = 3


def merge_groups(cases: Sequence[Case], duplicates: NDArray[np.integer]) -> list[Case]:
    """Merge groups that contain duplicates of the same image.

    Args:
        cases: cases with their groups.
        duplicates: int (n,), equal for duplicates, as `near_duplicates.find_duplicates` returns it.

    Returns:
        The cases in the same order. A merged group has the alphabetically first of its names.
    """
    names = sorted({case.group for case in cases})
    codes = {name: code for code, name in enumerate(names)}
    groups = np.array([codes[case.group] for case in cases])
    # Bipartite graph of groups and images; each connected component is one merged group.
    nodes = len(names) + int(duplicates.max(initial=-1)) + 1
    graph = coo_array((np.ones(len(cases), bool), (groups, len(names) + duplicates)), shape=(nodes, nodes))
    component = connected_components(graph, directed=False)[1]
    merged: dict[int, str] = {}
    for name in names:
        merged.setdefault(int(component[codes[name]]), name)
    return [replace(case, group=merged[int(component[codes[case.group]])]) for case in cases]


def grouped_split(cases: Sequence[Case], seed: int = 0) -> list[Case]:
    """Assign about 70% of the cases to training, 15% to validation and 15% to test.

    Groups are not divided. Label and first region are stratified (scikit-learn's `StratifiedGroupKFold`), and the
    folds with the most groups are held out. The result depends only on ids, labels, regions, groups and seed. A
    public dataset with a recorded split (`datasets.recorded_split`) gets that split for any seed.

    Args:
        cases: cases with final groups.
        seed: seed of the split.

    Returns:
        The cases in the same order with `split` set.

    Raises:
        DataError: If a class has fewer than three groups.

    Example:
        >>> from pathlib import Path
        >>> cases = [Case(f"{n}", Path(f"{n}.png"), label=n % 2, group=f"patient {n // 2}") for n in range(80)]
        >>> split = grouped_split(cases)
        >>> [sum(case.split == name for case in split) for name in ("train", "val", "test")]
        [56, 12, 12]
        >>> any(a.split != b.split for a, b in zip(split[::2], split[1::2]))
        False
    """
    if (recorded := recorded_split(cases)) is not None:
        return [replace(case, split=recorded[case.id]) for case in cases]
    ordered = sorted(cases, key=lambda case: case.id)
    group_counts = [len({case.group for case in cases if case.label == label}) for label in (0, 1)]
    for count, description in zip(group_counts, ("without the finding", "with the finding"), strict=True):
        if count < 3:
            raise DataError(
                f"A split into train, val and test needs at least three independent images {description}, but the "
                f"dataset has {count}: add images, or give the split in folders."
            )
    folds = min(_FOLDS, *group_counts)  # each fold needs a group of the rarer class
    held_out_folds = max(1, round(folds * _HELD_OUT / _FOLDS))
    groups = np.array([case.group for case in ordered])
    held_out = list(_held_out_folds(ordered, folds, seed))
    # Images of one group are correlated, so the folds with the most groups give the narrowest intervals.
    # scikit-learn assigns the largest groups first; their folds have few groups and remain in training.
    held_out.sort(key=lambda indices: len(set(groups[indices])), reverse=True)
    splits = {case.id: "train" for case in cases}
    for rank, indices in enumerate(held_out[: 2 * held_out_folds]):
        splits.update((ordered[index].id, "val" if rank % 2 else "test") for index in indices)
    return [replace(case, split=splits[case.id]) for case in cases]


def development_fold(cases: Sequence[Case], folds: int, fold: int, seed: int = 0) -> list[Case]:
    """Split the training and validation cases again for one fold of a grouped cross-validation.

    Groups are not divided; label and first region are stratified (scikit-learn's `StratifiedGroupKFold`). Every
    development case is held out in exactly one fold. Test cases are dropped.

    Args:
        cases: cases of a complete split, with final groups.
        folds: number of folds, 2 or more.
        fold: the held-out fold, from 1.
        seed: seed of the folds.

    Returns:
        The development cases in the same order, with the split "val" in the held-out fold and "train" elsewhere.

    Raises:
        DataError: If a class has fewer groups than there are folds.
    """
    development = [case for case in cases if case.split in ("train", "val")]
    ordered = sorted(development, key=lambda case: case.id)
    fewest_groups = min(len({case.group for case in development if case.label == label}) for label in (0, 1))
    if fewest_groups < folds:
        raise DataError(
            f"{folds} folds need at least {folds} independent images of each class in train and val, but one class "
            f"has {fewest_groups}: use fewer folds or add images."
        )
    indices = list(_held_out_folds(ordered, folds, seed))[fold - 1]
    held_out = {ordered[index].id for index in indices}
    return [replace(case, split="val" if case.id in held_out else "train") for case in development]


def complete_split(cases: Sequence[Case], seed: int = 0) -> list[Case]:
    """Add the splits that a dataset lacks.

    A dataset without splits, or with only train, is split completely. With train and test, a grouped fifth of
    train becomes val. With train and val, val becomes test, as its publishers use it, and a new val is taken from
    train.

    Args:
        cases: cases with final groups; `split` may be "".
        seed: seed of the split.

    Raises:
        DataError: If there is no training split, or it is too small to take a validation split from.
    """
    present = {case.split for case in cases}
    if present <= {"", "train"}:
        return grouped_split(cases, seed)
    if "train" not in present:
        raise DataError(
            f"The dataset has no train folder, only {', '.join(sorted(present))}: add one, or remove the split folders "
            "to have the dataset split automatically."
        )
    cases = [replace(case, split="train") if case.split == "" else case for case in cases]
    if {"val", "test"} <= present:
        return list(cases)
    if "val" in present:
        cases = [replace(case, split="test") if case.split == "val" else case for case in cases]
    train = [case for case in cases if case.split == "train"]
    groups = [case.group for case in train]
    fewest_groups = min(len({case.group for case in train if case.label == label}) for label in (0, 1))
    if fewest_groups < 2:
        raise DataError(
            "A val split needs at least two independent images of each class in train, but one class has "
            f"{fewest_groups}: add images, or add a val folder."
        )
    splitter = StratifiedGroupKFold(n_splits=min(5, fewest_groups), shuffle=True, random_state=seed)
    _, indices = next(splitter.split(groups, [case.label for case in train], groups))
    val = {train[index].id for index in indices}
    return [replace(case, split="val") if case.id in val else case for case in cases]


def with_training_split(cases: Sequence[Case], record: pd.DataFrame) -> list[Case] | None:
    """Assign the splits that a model was trained and tested on.

    Args:
        cases: cases of a dataset, with any split or none.
        record: the model's predictions on its validation and test cases, with the columns `id` and `split`. Every
            other case belongs to the training split.

    Returns:
        The cases in the same order; None if the record contains cases that the dataset does not have.
    """
    splits = dict(zip(record["id"], record["split"], strict=True))
    if not splits.keys() <= {case.id for case in cases}:
        return None
    return [replace(case, split=splits.get(case.id, "train")) for case in cases]


def split_hash(cases: Sequence[Case]) -> str:
    """Compute a SHA-256 of ids, splits and labels; it does not depend on order or folder."""
    lines = sorted(f"{case.id}\t{case.split}\t{case.label}" for case in cases)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _held_out_folds(cases: Sequence[Case], folds: int, seed: int) -> Iterator[NDArray[np.intp]]:
    """Indices of the held-out cases of each fold."""
    labels = np.array([case.label for case in cases])
    groups = np.array([case.group for case in cases])
    splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    for _, held_out in splitter.split(labels, _strata(cases, folds), groups):
        yield np.asarray(held_out, np.intp)


def _strata(cases: Sequence[Case], folds: int) -> list[str]:
    """Label and first region of each case; a combination that is too rare joins the commonest one of its label."""
    names = [(case.label, case.regions[0] if case.regions else "") for case in cases]
    counts = Counter(names)
    commonest = {
        label: max((name for name in counts if name[0] == label), key=lambda name: (counts[name], name))
        for label in {case.label for case in cases}
    }
    return ["/".join(map(str, name if counts[name] >= folds else commonest[name[0]])) for name in names]

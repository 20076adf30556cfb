"""A split that keeps what belongs together on one side."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold

from fracture_core.datasets.cases import Case
from fracture_core.datasets.recorded_split import recorded_split
from fracture_core.errors import DataError

# Twentieths of the groups that go to the test and to the validation split: 15% each.
_FOLDS = 20
_HELD_OUT = 3


def merge_groups(cases: Sequence[Case], pictures: np.ndarray) -> list[Case]:
    """Joins groups that share a picture.

    Args:
        cases: cases with their groups.
        pictures: int array (len(cases),), equal where two cases show the same picture.

    Returns:
        The cases in the same order; each merged group carries its alphabetically first name.
    """
    names = sorted({case.group for case in cases})
    number = {name: index for index, name in enumerate(names)}
    groups = np.array([number[case.group] for case in cases])
    nodes = len(names) + int(pictures.max(initial=-1)) + 1
    graph = coo_array((np.ones(len(cases), bool), (groups, len(names) + pictures)), shape=(nodes, nodes))
    part = connected_components(graph, directed=False)[1]
    first: dict[int, str] = {}
    for name in names:
        first.setdefault(int(part[number[name]]), name)
    return [replace(case, group=first[int(part[number[case.group]])]) for case in cases]


def grouped_split(cases: Sequence[Case], seed: int = 0) -> list[Case]:
    """Gives each case a split, about 70% train, 15% validation and 15% test.

    No group is divided; label and first region are spread evenly (scikit-learn's
    `StratifiedGroupKFold`), and validation and test get the parts with the most groups. The result
    depends on the ids, the groups and the seed alone. A public set whose split is written down
    (`datasets.recorded_split`) gets that one, whatever the seed.

    Args:
        cases: cases whose groups are final.
        seed: which of the possible splits.

    Returns:
        The cases in the same order with `split` set.

    Raises:
        DataError: there are too few groups of a class to fill three splits.
    """
    if (recorded := recorded_split(cases)) is not None:
        return [replace(case, split=recorded[case.id]) for case in cases]
    ordered = sorted(range(len(cases)), key=lambda index: cases[index].id)
    labels = np.array([cases[index].label for index in ordered])
    groups = np.array([cases[index].group for index in ordered])
    found = [len(set(groups[labels == label])) for label in (0, 1)]
    for count, word in zip(found, ("without the finding", "with the finding"), strict=True):
        if count < 3:
            raise DataError(
                f"Expected at least three independent films {word} to fill train, val and test, but found "
                f"{count}: add films, or give the split in folders."
            )
    # No more folds than the rarer class can reach.
    folds = min(_FOLDS, *found)
    held_out = max(1, round(folds * _HELD_OUT / _FOLDS))
    strata = _strata([cases[index] for index in ordered], folds)
    folder = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    parts = [inside for _, inside in folder.split(labels, strata, groups)]
    # Films of one group say little more than one film: the parts with the most groups measure best, and the
    # large clusters, which scikit-learn deals out first, are for training.
    parts.sort(key=lambda inside: len(set(groups[inside])), reverse=True)
    splits = np.full(len(ordered), "train", dtype=object)
    for rank, inside in enumerate(parts[: 2 * held_out]):
        splits[inside] = "val" if rank % 2 else "test"
    given = {cases[index].id: str(split) for index, split in zip(ordered, splits, strict=True)}
    return [replace(case, split=given[case.id]) for case in cases]


def development_fold(cases: Sequence[Case], folds: int, fold: int, seed: int = 0) -> list[Case]:
    """Returns the train and validation cases, split anew for one fold of a grouped cross-validation.

    No group is divided; label and first region are spread evenly (scikit-learn's `StratifiedGroupKFold`). Every
    development case is held out in exactly one fold. Test cases are dropped.

    Args:
        cases: cases of a complete split, with final groups.
        folds: number of folds, 2 or more.
        fold: which of them is held out, from 1.
        seed: seed of the folds.

    Returns:
        The development cases in the same order, with the split "val" in the held-out fold and "train" elsewhere.

    Raises:
        DataError: a class has fewer groups than there are folds.
    """
    kept = [case for case in cases if case.split in ("train", "val")]
    ordered = sorted(range(len(kept)), key=lambda index: kept[index].id)
    labels = np.array([kept[index].label for index in ordered])
    groups = np.array([kept[index].group for index in ordered])
    found = min((len(set(groups[labels == label])) for label in (0, 1)), default=0)
    if found < folds:
        raise DataError(
            f"{folds} folds need at least {folds} independent films of each class in train and val, but one class "
            f"has {found}: use fewer folds or add films."
        )
    strata = _strata([kept[index] for index in ordered], folds)
    folder = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    parts = [held_out for _, held_out in folder.split(labels, strata, groups)]
    held_out = {ordered[place] for place in parts[fold - 1]}
    return [replace(case, split="val" if at in held_out else "train") for at, case in enumerate(kept)]


def complete_split(cases: Sequence[Case], seed: int = 0) -> list[Case]:
    """Fills the splits a data set does not come with.

    A set without splits, or with nothing but train, is split whole. A set with train and test but no val
    gets a grouped fifth of train as val; one with train and val but no test keeps val as test, as its
    publishers do, and gets a new val out of train.

    Raises:
        DataError: there is no training part, or too little of it.
    """
    present = {case.split for case in cases}
    if present <= {"", "train"}:
        return grouped_split(cases, seed)
    if "train" not in present:
        raise DataError(
            f"Expected a train folder, but found only {', '.join(sorted(present))}: add one, or leave the "
            "split folders out and the app splits for you."
        )
    cases = [replace(case, split="train") if case.split == "" else case for case in cases]
    if {"val", "test"} <= present:
        return list(cases)
    if "val" in present:
        cases = [replace(case, split="test") if case.split == "val" else case for case in cases]
    train = [case for case in cases if case.split == "train"]
    groups = [case.group for case in train]
    found = min(len({case.group for case in train if case.label == label}) for label in (0, 1))
    if found < 2:
        raise DataError(
            f"Expected at least two independent films of each kind in train to make a val split of some, but found "
            f"{found}: add films, or add a val folder."
        )
    folder = StratifiedGroupKFold(n_splits=min(5, found), shuffle=True, random_state=seed)
    _, inside = next(folder.split(groups, [case.label for case in train], groups))
    val = {train[index].id for index in inside}
    return [replace(case, split="val") if case.id in val else case for case in cases]


def split_hash(cases: Sequence[Case]) -> str:
    """SHA-256 of which case is in which split; equal for equal splits wherever the files lie."""
    lines = sorted(f"{case.id}\t{case.split}\t{case.label}" for case in cases)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _strata(cases: Sequence[Case], folds: int) -> list[str]:
    """Label and first region; a combination too rare to spread joins the commonest of its label."""
    names = [(case.label, case.regions[0] if case.regions else "") for case in cases]
    counts = Counter(names)
    commonest = {
        label: max((name for name in counts if name[0] == label), key=lambda name: (counts[name], name))
        for label in {case.label for case in cases}
    }
    return ["/".join(map(str, name if counts[name] >= folds else commonest[name[0]])) for name in names]

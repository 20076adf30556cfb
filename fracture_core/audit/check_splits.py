"""Split checks: leaks between splits, splits with one class, and datasets without a split."""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from fracture_core.audit.audited_images import AuditedImages
from fracture_core.audit.finding import Finding, Level
from fracture_core.audit.wording import count_images, first_ids, pluralise, split_title

_LEAK_ADVICE = "Scores on these files are too optimistic. Use the clean split."


def check_splits(images: AuditedImages) -> list[Finding]:
    """Check the dataset's own splits for leaks and missing classes.

    Each file counts once, as the most direct leak: exact copy, near-duplicate, shared group.

    Args:
        images: the images of the audit.

    Returns:
        The findings; a note if there are fewer than two splits.
    """
    splits = [split for split in images.split_names if split]
    if len(splits) < 2:
        return [_no_split(splits)]
    findings = []
    # For example test files that are also in training, and validation files that are.
    for source, target in combinations(splits, 2):
        findings += _leaks(images, source, target)
    if not findings:
        names = ", ".join(split_title(split) for split in splits)
        findings.append(
            Finding(
                "splits_good",
                Level.GOOD,
                f"No leaks: no image and no group is in more than one split ({names}).",
            )
        )
    for split in splits:
        labels = images.labels[images.splits == split]
        if len(set(labels.tolist())) < 2:
            findings.append(
                Finding(
                    "one_class",
                    Level.FAULT,
                    f"All {count_images(len(labels))} of the {split_title(split)} split have the same label.",
                    "Use the clean split, or split the dataset again.",
                )
            )
    return findings


def _no_split(splits: list[str]) -> Finding:
    return Finding(
        "no_split",
        Level.NOTE,
        f"The dataset has only one split: {split_title(splits[0])}."
        if splits
        else "The dataset has no split.",
        "The app splits it by group, so that duplicates and images of one patient stay together.",
    )


def _leaks(images: AuditedImages, source: str, target: str) -> list[Finding]:
    """Find files of the target split whose content or group is also in the source split."""
    digests = np.array([facts.digest for facts in images.facts])
    groups = np.array([case.group for case in images.cases], dtype=str)
    in_target, in_source = images.splits == target, images.splits == source
    total = int(in_target.sum())
    exact = in_target & np.isin(digests, digests[in_source]) & (digests != "")
    same_image = (
        in_target
        & images.readable
        & np.isin(images.content_ids, images.content_ids[in_source & images.readable])
    )
    near = same_image & ~exact
    grouped = in_target & (groups != "") & np.isin(groups, groups[in_source]) & ~same_image & ~exact
    names = split_title(target), split_title(source)
    findings = []
    if exact.any():
        count = int(exact.sum())
        sentence = (
            f"{count:,} of {total:,} {names[0]} files {pluralise(count, 'is an exact copy', 'are exact copies')} of "
            f"a {names[1]} file."
        )
        findings.append(_leak("exact_leak", sentence, exact, images))
    if near.any():
        count = int(near.sum())
        sentence = (
            f"{count:,}{' more' if exact.any() else ''} of {total:,} {names[0]} files "
            f"{pluralise(count, 'is a near-duplicate', 'are near-duplicates')} of a {names[1]} file: rotated, "
            "mirrored, rescaled or saved again."
        )
        findings.append(_leak("near_leak", sentence, near, images))
    if grouped.any():
        count, group_count = int(grouped.sum()), len(set(groups[grouped].tolist()))
        sentence = (
            f"{count:,} of {total:,} {names[0]} files {pluralise(count, 'belongs', 'belong')} to {group_count:,} "
            f"{pluralise(group_count, 'group that is', 'groups that are')} also in {names[1]} (the same patient or "
            "study, or copies of one file)."
        )
        findings.append(_leak("group_leak", sentence, grouped, images))
    return findings


def _leak(kind: str, sentence: str, leaked: NDArray[np.bool_], images: AuditedImages) -> Finding:
    ids = [images.ids[row] for row in np.flatnonzero(leaked)]
    return Finding(kind, Level.FAULT, sentence, _LEAK_ADVICE, len(ids), first_ids(ids))

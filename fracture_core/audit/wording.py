"""Text helpers for the sentences of an audit: counts, percentages, split names."""

from collections.abc import Sequence

#: Maximum number of ids in one finding.
MAX_IDS = 200

#: Titles of the splits in tables.
SPLIT_TITLES = {"": "whole dataset", "train": "train", "val": "validation", "test": "test", "all": "all"}


def count_files(count: int) -> str:
    """Return a number of files as text.

    Example:
        >>> count_files(1), count_files(1051)
        ('1 file', '1,051 files')
    """
    return f"{count:,} {pluralise(count, 'file', 'files')}"


def count_images(count: int) -> str:
    """Return a number of images as text, such as "1 image" or "51 images"."""
    return f"{count:,} {pluralise(count, 'image', 'images')}"


def split_title(split: str) -> str:
    """Return the name of a split for use in a sentence."""
    return {"train": "training", "val": "validation", "test": "test", "": "the dataset"}[split]


def pluralise(count: int, singular: str, plural: str) -> str:
    """Return the singular for a count of 1, else the plural."""
    return singular if count == 1 else plural


def first_ids(ids: Sequence[str]) -> tuple[str, ...]:
    """Return the first `MAX_IDS` ids."""
    return tuple(ids[:MAX_IDS])


def share_text(value: float) -> str:
    """Return a share (0–1) as a percentage, with one decimal below 1%.

    Example:
        >>> share_text(0.42), share_text(0.004)
        ('42%', '0.4%')
    """
    percent = 100 * value
    return f"{percent:.0f}%" if percent >= 1 or percent == 0 else f"{percent:.1f}%"

"""Small pieces of sentences."""

from collections.abc import Sequence

#: How many ids a finding carries along.
MAX_IDS = 200


#: Parts of a set in a table.
SPLIT_TITLES = {"": "whole set", "train": "train", "val": "validation", "test": "test", "all": "together"}


def count_files(count: int) -> str:
    """Files and their number: “1 file”, “51 files”."""
    return f"{count:,} {'file' if count == 1 else 'files'}"


def count_films(count: int) -> str:
    """Films and their number: “1 film”, “51 films”."""
    return f"{count:,} {'film' if count == 1 else 'films'}"


def split_title(split: str) -> str:
    """A split as readers call it."""
    return {"train": "training", "val": "validation", "test": "test", "": "the set"}[split]


def verb_form(count: int, one: str, many: str) -> str:
    """The form of a verb that fits a count."""
    return one if count == 1 else many


def first_ids(ids: Sequence[str]) -> tuple[str, ...]:
    """The ids a finding carries along."""
    return tuple(ids[:MAX_IDS])


def share_text(value: float) -> str:
    """A share as a percentage that does not round small ones to nothing."""
    percent = 100 * value
    return f"{percent:.0f}%" if percent >= 1 or percent == 0 else f"{percent:.1f}%"

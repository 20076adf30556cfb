"""Recorded splits of public datasets, so that all models of a dataset are tested on the same images.

A newly computed split changes completely when a single pair of duplicates is added or removed. Each table was
computed once with `split.grouped_split` and contains only case ids and splits.
"""

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from fracture_core.datasets.cases import Case

# Share of a table's ids that a dataset must have. With fewer, it is another dataset with similar names.
_MIN_SHARE = 0.9

# A group with several recorded splits gets the first of these, so that no training image is tested.
_PRIORITY = ("train", "val", "test")


def recorded_split(cases: Sequence[Case]) -> dict[str, str] | None:
    """Look up the recorded split of a dataset.

    Args:
        cases: cases with final groups.

    Returns:
        Split by case id. Groups that the table does not contain belong to train. None if there is no table for the
        dataset.
    """
    ids = {case.id for case in cases}
    for table in _tables():
        if len(ids & table.keys()) >= _MIN_SHARE * len(table):
            by_group: dict[str, set[str]] = {}
            for case in cases:
                by_group.setdefault(case.group, set()).update({table[case.id]} if case.id in table else ())
            return {
                case.id: next((split for split in _PRIORITY if split in by_group[case.group]), "train")
                for case in cases
            }
    return None


@cache
def _tables() -> tuple[dict[str, str], ...]:
    """Split by case id, one dictionary per recorded dataset."""
    tables = []
    for path in sorted(Path(__file__).parent.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            tables.append({row["id"]: row["split"] for row in csv.DictReader(file)})
    return tuple(tables)

"""Splits that are written down, so that two models of one public set were tested on the same films.

Dealing groups out anew moves half the set when one pair of copies more or less is found. The tables name
films only; each was cut by `split.grouped_split` once.
"""

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from fracture_core.datasets.cases import Case

# A folder with fewer of a table's films is another set that happens to use such names.
_ENOUGH = 0.9

# Where a group holds films of several splits, it goes to the first of these: what may have been learnt is not tested.
_ORDER = ("train", "val", "test")


def recorded_split(cases: Sequence[Case]) -> dict[str, str] | None:
    """The split of each case as written down, by id.

    Args:
        cases: cases whose groups are final.

    Returns:
        For every case its split: what the table says of its group, train for groups the table does not know.
        None where the cases are no set with a table.
    """
    ids = {case.id for case in cases}
    for table in _tables():
        if len(ids & table.keys()) >= _ENOUGH * len(table):
            said: dict[str, set[str]] = {}
            for case in cases:
                said.setdefault(case.group, set()).update({table[case.id]} if case.id in table else ())
            return {
                case.id: next((split for split in _ORDER if split in said[case.group]), "train")
                for case in cases
            }
    return None


@cache
def _tables() -> tuple[dict[str, str], ...]:
    found = []
    for path in sorted(Path(__file__).parent.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            found.append({row["id"]: row["split"] for row in csv.DictReader(file)})
    return tuple(found)

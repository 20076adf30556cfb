"""Slices: cases of a test split that have one property in common, with the words for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fracture_core.evaluation.error_cases import has_region
from fracture_core.vocabulary import REGIONS


@dataclass(frozen=True, eq=False)
class Subgroup:
    """Cases with a property in common.

    Attributes:
        property: what is looked at, such as "Region".
        name: its value, such as "hand" or "below 1.2%".
        members: which cases of the table, bool (n,).
        before: a word that stands before “fractures” or “films”: “hand”.
        after: words that follow “fractures”: “smaller than 1.2% of the film”.
        where: a clause about the film: “the longer side is below 500 pixels”.
    """

    property: str
    name: str
    members: NDArray[np.bool_] = field(repr=False)
    before: str = ""
    after: str = ""
    where: str = ""


# Between the titles of two slices together; it stands in no title.
_BETWEEN = ", "


def subgroup_title(slices: Sequence[Subgroup]) -> str:
    """A slice, or two together, as a table names it: “Region: hand, View: lateral”."""
    return _BETWEEN.join(f"{each.property}: {each.name}" for each in slices)


@dataclass(frozen=True)
class _TertileProperty:
    """A property with a number for each case, cut at tertiles."""

    column: str
    property: str
    rounded: Callable[[float], float]
    text: Callable[[float], str]
    below: str
    within: str
    least: str
    of_film: bool


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")


def _percent(value: float) -> str:
    return f"{100 * value:.3g}%"


def _pixels(value: float) -> str:
    return f"{value:,.0f} pixels"


def _film_property(column: str, property_: str, words: str, rounded: Any, text: Any) -> _TertileProperty:
    return _TertileProperty(
        column,
        property_,
        rounded,
        text,
        f"{words} is below {{low}}",
        f"{words} is from {{low}} to below {{high}}",
        f"{words} is {{low}} or more",
        of_film=True,
    )


_MEASURES = (
    _TertileProperty(
        "area",
        "Size of the fracture",
        _two_digits,
        _percent,
        "smaller than {low} of the film",
        "of {low} to {high} of the film",
        "of at least {low} of the film",
        of_film=False,
    ),
    _film_property(
        "longer_side", "Resolution", "the longer side", lambda value: float(round(value)), _pixels
    ),
    _film_property("brightness", "Brightness", "mean brightness", _two_digits, _percent),
    _film_property("contrast", "Contrast", "the spread of grey levels", _two_digits, _percent),
)


def find_subgroups(table: pd.DataFrame, properties: pd.DataFrame | None = None) -> list[Subgroup]:
    """Every slice that some, but not all cases of a table belong to.

    Args:
        table: a table as `predictions.read_predictions` gives it. Its regions are a property of their own.
        properties: further properties by case id, any of the columns `views` (space separated), `hardware`
            (true, false, or missing), `fractures` (places marked), `area` (of the largest box, as a share of the
            film), `longer_side` (pixels), `brightness` and `contrast` (0–1); missing values belong to no slice.

    Returns:
        Slices by property. Numbers are cut at their tertiles over the table, rounded to what their names say.
    """
    known = pd.DataFrame(index=table["id"]) if properties is None else properties.reindex(table["id"])
    found = [
        *_region_subgroups(table),
        *_view_subgroups(known),
        *_hardware_subgroups(known),
        *_film_places(known),
    ]
    for measure in _MEASURES:
        if measure.column in known:
            found += _tertiles(measure, known[measure.column].to_numpy(np.float64))
    return [each for each in found if 0 < each.members.sum() < len(table)]


def subgroup_members(
    table: pd.DataFrame, name: str, properties: pd.DataFrame | None = None
) -> NDArray[np.bool_] | None:
    """Which cases of a table belong to a slice, or to two together; None where it has no such slice.

    Args:
        table: see `find_subgroups`.
        name: as `subgroup_title` gives it.
        properties: see `find_subgroups`.
    """
    there = {subgroup_title((each,)): each.members for each in find_subgroups(table, properties)}
    parts = name.split(_BETWEEN)
    if not there.keys() >= set(parts):
        return None
    return np.logical_and.reduce([there[part] for part in parts])


def needs_properties(name: str) -> bool:
    """Whether more than a table itself tells who belongs to a slice of this name: all but regions does."""
    return any(not part.startswith("Region: ") for part in name.split(_BETWEEN))


def _region_subgroups(table: pd.DataFrame) -> list[Subgroup]:
    present = {name for names in table["regions"] for name in names.split()}
    ordered = [name for name in REGIONS if name in present] + sorted(present.difference(REGIONS))
    return [
        Subgroup("Region", name, has_region(table, name).to_numpy(np.bool_), before=name) for name in ordered
    ]


def _view_subgroups(known: pd.DataFrame) -> list[Subgroup]:
    if "views" not in known:
        return []
    views = [set(names.split()) for names in known["views"].fillna("")]
    return [
        Subgroup("View", name, np.array([name in names for names in views], np.bool_), before=name)
        for name in sorted(set().union(*views))
    ]


def _hardware_subgroups(known: pd.DataFrame) -> list[Subgroup]:
    if "hardware" not in known:
        return []
    metal = known["hardware"].to_numpy(object)
    return [
        Subgroup("Hardware", "with", metal == True, where="there is metal of an operation"),  # noqa: E712
        Subgroup("Hardware", "without", metal == False, where="there is no metal of an operation"),  # noqa: E712
    ]


def _film_places(known: pd.DataFrame) -> list[Subgroup]:
    if "fractures" not in known:
        return []
    places = known["fractures"].to_numpy(np.float64)
    return [
        Subgroup("Number of fractures", "one", places == 1, after="marked in one place"),
        Subgroup("Number of fractures", "several", places > 1, after="marked in several places"),
    ]


def _tertiles(measure: _TertileProperty, values: NDArray[np.float64]) -> list[Subgroup]:
    """Three slices of a number, fewer where many cases share a value, none where all do."""
    present = np.sort(values[~np.isnan(values)])
    if not len(present) or present[0] == present[-1]:
        return []
    # Where a third of the cases shares the smallest value, the cut lies just above it.
    above = present[present > present[0]][0]
    cuts = sorted({measure.rounded(max(cut, above)) for cut in np.quantile(present, [1 / 3, 2 / 3])})
    edges = [-np.inf, *[cut for cut in cuts if present[0] < cut <= present[-1]], np.inf]
    if len(edges) == 2:
        return []
    found = []
    for low, high in pairwise(edges):
        low_text, high_text = measure.text(low), measure.text(high)
        if low == -np.inf:
            name, words = f"below {high_text}", measure.below.format(low=high_text)
        elif high == np.inf:
            name, words = f"{low_text} or more", measure.least.format(low=low_text)
        else:
            name, words = f"{low_text} to {high_text}", measure.within.format(low=low_text, high=high_text)
        spoken = {"where": words} if measure.of_film else {"after": words}
        found.append(Subgroup(measure.property, name, (values >= low) & (values < high), **spoken))
    return found

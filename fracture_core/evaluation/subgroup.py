"""Subgroups of cases that share a property, with the phrases that describe them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fracture_core.evaluation.error_cases import has_region
from fracture_core.vocabulary import REGIONS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Subgroup:
    """Cases that share a property.

    Attributes:
        property: Name of the property, such as "Region".
        name: Value of the property, such as "hand" or "below 1.2%".
        members: Membership of each case of the table, shape (n,).
        before: Word before “fractures” or “images” in a sentence, such as “hand”.
        after: Phrase after “fractures”, such as “smaller than 1.2% of the image”.
        where: Phrase after “images”, such as “with a longer side below 500 pixels”.
    """

    property: str
    name: str
    members: NDArray[np.bool_] = field(repr=False)
    before: str = ""
    after: str = ""
    where: str = ""


# Separates the titles of two combined subgroups; no title contains it.
_SEPARATOR = ", "


def subgroup_title(subgroups: Sequence[Subgroup]) -> str:
    """Return the title of a subgroup or a combination, such as “Region: hand, View: lateral”."""
    return _SEPARATOR.join(f"{subgroup.property}: {subgroup.name}" for subgroup in subgroups)


@dataclass(frozen=True)
class _TertileProperty:
    """A numeric property, split at its tertiles; the phrases describe the lower, middle and upper part."""

    column: str
    property: str
    rounded: Callable[[float], float]
    text: Callable[[float], str]
    below: str
    between: str
    at_least: str
    of_image: bool


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")


def _percent(value: float) -> str:
    return f"{100 * value:.3g}%"


def _pixels(value: float) -> str:
    return f"{value:,.0f} pixels"


def _image_property(
    column: str,
    property_: str,
    quantity: str,
    rounded: Callable[[float], float],
    text: Callable[[float], str],
) -> _TertileProperty:
    return _TertileProperty(
        column,
        property_,
        rounded,
        text,
        f"with a {quantity} below {{low}}",
        f"with a {quantity} from {{low}} to below {{high}}",
        f"with a {quantity} of {{low}} or more",
        of_image=True,
    )


_TERTILE_PROPERTIES = (
    _TertileProperty(
        "area",
        "Size of the fracture",
        _two_digits,
        _percent,
        "smaller than {low} of the image",
        "covering {low} to {high} of the image",
        "covering at least {low} of the image",
        of_image=False,
    ),
    _image_property("longer_side", "Resolution", "longer side", lambda value: float(round(value)), _pixels),
    _image_property("brightness", "Brightness", "mean brightness", _two_digits, _percent),
    _image_property("contrast", "Contrast", "contrast", _two_digits, _percent),
)


def find_subgroups(table: pd.DataFrame, properties: pd.DataFrame | None = None) -> list[Subgroup]:
    """Find all subgroups that contain some, but not all, cases of a table.

    Args:
        table: Predictions as returned by `predictions.read_predictions`; the body regions are taken from it.
        properties: Further properties by case id, any of these columns: `views` (space-separated), `hardware`
            (true, false or missing), `fractures` (number of bounding boxes), `area` (largest box as a share of the
            image, 0–1), `longer_side` (pixels), `brightness` (mean grey level, 0–1) and `contrast` (standard deviation
            of the grey levels, 0–1). Cases with a missing value belong to no subgroup of that property.

    Returns:
        Subgroups by property. Numeric properties are split at their tertiles, rounded as in the names.
    """
    import pandas as pd

    known = pd.DataFrame(index=table["id"]) if properties is None else properties.reindex(table["id"])
    subgroups = [
        *_region_subgroups(table),
        *_view_subgroups(known),
        *_hardware_subgroups(known),
        *_fracture_count_subgroups(known),
    ]
    for numeric in _TERTILE_PROPERTIES:
        if numeric.column in known:
            subgroups += _tertiles(numeric, known[numeric.column].to_numpy(np.float64))
    return [subgroup for subgroup in subgroups if 0 < subgroup.members.sum() < len(table)]


def subgroup_members(
    table: pd.DataFrame, name: str, properties: pd.DataFrame | None = None
) -> NDArray[np.bool_] | None:
    """Find the cases of a subgroup or a combination of two by its title.

    Args:
        table: Predictions; see `find_subgroups`.
        name: Title as returned by `subgroup_title`.
        properties: Further properties; see `find_subgroups`.

    Returns:
        Membership of each case, shape (n,); None if the table has no such subgroup.
    """
    members = {
        subgroup_title((subgroup,)): subgroup.members for subgroup in find_subgroups(table, properties)
    }
    titles = name.split(_SEPARATOR)
    if not members.keys() >= set(titles):
        return None
    combined: NDArray[np.bool_] = np.logical_and.reduce([members[title] for title in titles])
    return combined


def needs_properties(name: str) -> bool:
    """Return whether a subgroup depends on more than the table of predictions, that is, on more than regions.

    Args:
        name: Title as returned by `subgroup_title`.
    """
    return any(not title.startswith("Region: ") for title in name.split(_SEPARATOR))


def _region_subgroups(table: pd.DataFrame) -> list[Subgroup]:
    present = {name for names in table["regions"] for name in names.split()}
    ordered = [name for name in REGIONS if name in present] + sorted(present.difference(REGIONS))
    return [
        Subgroup("Region", name, has_region(table, name).to_numpy(np.bool_), before=name) for name in ordered
    ]


def _view_subgroups(known: pd.DataFrame) -> list[Subgroup]:
    if "views" not in known:
        return []
    views = [set(names.split()) for names in known["views"].astype(object).fillna("")]
    return [
        Subgroup("View", name, np.array([name in names for names in views], np.bool_), before=name)
        for name in sorted(set().union(*views))
    ]


def _hardware_subgroups(known: pd.DataFrame) -> list[Subgroup]:
    if "hardware" not in known:
        return []
    hardware = known["hardware"].to_numpy(object)
    return [
        Subgroup("Hardware", "with", hardware == True, where="with surgical hardware"),  # noqa: E712
        Subgroup("Hardware", "without", hardware == False, where="without surgical hardware"),  # noqa: E712
    ]


def _fracture_count_subgroups(known: pd.DataFrame) -> list[Subgroup]:
    if "fractures" not in known:
        return []
    count = known["fractures"].to_numpy(np.float64)
    return [
        Subgroup("Number of fractures", "one", count == 1, after="marked in one place"),
        Subgroup("Number of fractures", "several", count > 1, after="marked in several places"),
    ]


def _tertiles(numeric: _TertileProperty, values: NDArray[np.float64]) -> list[Subgroup]:
    """Three subgroups of a numeric property; fewer if many cases share a value, none if all do."""
    present = np.sort(values[~np.isnan(values)])
    if not len(present) or present[0] == present[-1]:
        return []
    # If a third of the cases share the smallest value, the cut is just above it.
    above = present[present > present[0]][0]
    cuts = sorted({numeric.rounded(max(cut, above)) for cut in np.quantile(present, [1 / 3, 2 / 3])})
    edges = [-np.inf, *[cut for cut in cuts if present[0] < cut <= present[-1]], np.inf]
    if len(edges) == 2:
        return []
    subgroups = []
    for low, high in pairwise(edges):
        low_text, high_text = numeric.text(low), numeric.text(high)
        if low == -np.inf:
            name, phrase = f"below {high_text}", numeric.below.format(low=high_text)
        elif high == np.inf:
            name, phrase = f"{low_text} or more", numeric.at_least.format(low=low_text)
        else:
            name, phrase = f"{low_text} to {high_text}", numeric.between.format(low=low_text, high=high_text)
        phrases = {"where": phrase} if numeric.of_image else {"after": phrase}
        subgroups.append(Subgroup(numeric.property, name, (values >= low) & (values < high), **phrases))
    return subgroups

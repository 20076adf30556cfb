"""What can be told of a film without looking at any bone; each may give the label away."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fracture_core.audit.file_facts import FileFacts


@dataclass(frozen=True)
class ShortcutFeature:
    """One property of a file.

    Attributes:
        name: a short name.
        words: what a reader calls it.
        value: its number for a file.
        above: what is said of the films that reach a value, with `{cut}` for it.
        as_text: how a value is written.
    """

    name: str
    words: str
    value: Callable[[FileFacts], float]
    above: str
    as_text: Callable[[float], str]


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _percent(value: float) -> str:
    return f"{100 * value:.2g}%"


def _ratio(value: float) -> str:
    return f"{value:.2f}"


SHORTCUT_FEATURES: tuple[ShortcutFeature, ...] = (
    ShortcutFeature("width", "width", lambda f: f.width, "are at least {cut} pixels wide", _whole),
    ShortcutFeature("height", "height", lambda f: f.height, "are at least {cut} pixels high", _whole),
    ShortcutFeature(
        "aspect",
        "height over width",
        lambda f: f.height / f.width,
        "are at least {cut} times as high as wide",
        _ratio,
    ),
    ShortcutFeature("bytes", "file size", lambda f: f.size / 1024, "have files of at least {cut} KB", _whole),
    ShortcutFeature(
        "brightness",
        "brightness",
        lambda f: f.brightness,
        "have a mean brightness of at least {cut}",
        _percent,
    ),
    ShortcutFeature(
        "contrast",
        "contrast",
        lambda f: f.contrast,
        "have grey levels that spread by at least {cut}",
        _percent,
    ),
    ShortcutFeature(
        "black", "black area", lambda f: f.black, "are black on at least {cut} of their area", _percent
    ),
    ShortcutFeature(
        "white", "white area", lambda f: f.white, "are white on at least {cut} of their area", _percent
    ),
    ShortcutFeature(
        "frame",
        "empty frame",
        lambda f: f.frame,
        "have an empty frame on at least {cut} of their area",
        _percent,
    ),
    ShortcutFeature(
        "marks", "letters and markers", lambda f: f.marks, "show at least {cut} letters or markers", _whole
    ),
    ShortcutFeature("truncated", "broken files", lambda f: f.truncated, "break off before the end", _whole),
)


#: How much longer than usual the longer side of a film of high resolution is.
_HIGH = 1.5


def dataset_features(facts: Sequence[FileFacts]) -> tuple[ShortcutFeature, ...]:
    """Features that depend on the whole set: an unusually high resolution, and each of several kinds of file."""
    usual = float(np.median([max(each.width, each.height) for each in facts]))
    least = _HIGH * usual
    words = f"have a high resolution (a longer side of at least {least:,.0f} pixels, where {usual:,.0f} are usual)"
    high = ShortcutFeature(
        "high resolution", "high resolution", lambda f: max(f.width, f.height) >= least, words, _whole
    )
    kinds = sorted({each.kind for each in facts})
    return (high, *(_file_kind_feature(kind) for kind in kinds if len(kinds) > 1))


def _file_kind_feature(kind: str) -> ShortcutFeature:
    return ShortcutFeature(
        f"kind {kind}", f"file kind {kind}", lambda f: f.kind == kind, f"are {kind} files", _whole
    )


def feature_table(features: Sequence[ShortcutFeature], facts: Sequence[FileFacts]) -> NDArray[np.float64]:
    """Values, float (files, features)."""
    return np.array([[float(feature.value(each)) for feature in features] for each in facts]).reshape(
        len(facts), len(features)
    )

"""File and image properties that a network could use as a shortcut instead of the anatomy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fracture_core.audit.file_facts import FileFacts


@dataclass(frozen=True)
class ShortcutFeature:
    """One property of a file.

    Attributes:
        name: identifier.
        words: title for users.
        value: returns the value of a file.
        above: end of a sentence about images at or above a threshold; `{cut}` is replaced by the threshold.
        as_text: formats a value.
    """

    name: str
    words: str
    value: Callable[[FileFacts], float]
    above: str
    as_text: Callable[[float], str]


def _format_integer(value: float) -> str:
    return f"{value:,.0f}"


def _format_percent(value: float) -> str:
    return f"{100 * value:.2g}%"


def _format_ratio(value: float) -> str:
    return f"{value:.2f}"


#: The properties that every dataset is checked for.
SHORTCUT_FEATURES: tuple[ShortcutFeature, ...] = (
    ShortcutFeature("width", "width", lambda f: f.width, "are at least {cut} pixels wide", _format_integer),
    ShortcutFeature(
        "height", "height", lambda f: f.height, "are at least {cut} pixels high", _format_integer
    ),
    ShortcutFeature(
        "aspect",
        "height / width",
        lambda f: f.height / f.width,
        "are at least {cut} times as high as they are wide",
        _format_ratio,
    ),
    ShortcutFeature(
        "bytes", "file size", lambda f: f.size / 1024, "have files of at least {cut} KB", _format_integer
    ),
    ShortcutFeature(
        "brightness",
        "brightness",
        lambda f: f.brightness,
        "have a mean brightness of at least {cut}",
        _format_percent,
    ),
    ShortcutFeature(
        "contrast",
        "contrast",
        lambda f: f.contrast,
        "have a grey-level standard deviation of at least {cut}",
        _format_percent,
    ),
    ShortcutFeature(
        "black", "black area", lambda f: f.black, "are black on at least {cut} of their area", _format_percent
    ),
    ShortcutFeature(
        "white", "white area", lambda f: f.white, "are white on at least {cut} of their area", _format_percent
    ),
    ShortcutFeature(
        "frame",
        "empty frame",
        lambda f: f.empty_frame_share,
        "have an empty frame on at least {cut} of their area",
        _format_percent,
    ),
    ShortcutFeature(
        "marks",
        "letters and markers",
        lambda f: f.marker_count,
        "show at least {cut} letters or markers",
        _format_integer,
    ),
    ShortcutFeature("truncated", "truncated files", lambda f: f.truncated, "are truncated", _format_integer),
)


# An image has a high resolution if its longer side is at least this multiple of the dataset's median.
_HIGH_RESOLUTION_RATIO = 1.5


def dataset_features(facts: Sequence[FileFacts]) -> tuple[ShortcutFeature, ...]:
    """Return the properties whose definition depends on the dataset.

    They are an unusually high resolution and, if there are several file types, one property for each type.

    Args:
        facts: facts of the readable files.
    """
    median = float(np.median([max(file.width, file.height) for file in facts]))
    minimum = _HIGH_RESOLUTION_RATIO * median
    above = (
        f"have a high resolution (longer side at least {minimum:,.0f} pixels; the median is {median:,.0f})"
    )
    high = ShortcutFeature(
        "high resolution",
        "high resolution",
        lambda f: max(f.width, f.height) >= minimum,
        above,
        _format_integer,
    )
    kinds = sorted({file.kind for file in facts})
    return (high, *(_file_kind_feature(kind) for kind in kinds if len(kinds) > 1))


def _file_kind_feature(kind: str) -> ShortcutFeature:
    return ShortcutFeature(
        f"kind {kind}", f"file type {kind}", lambda f: f.kind == kind, f"are {kind} files", _format_integer
    )


def feature_table(features: Sequence[ShortcutFeature], facts: Sequence[FileFacts]) -> NDArray[np.float64]:
    """Return the values of all features, float64 (files, features)."""
    values = [[float(feature.value(file)) for feature in features] for file in facts]
    return np.array(values, np.float64).reshape(len(facts), len(features))

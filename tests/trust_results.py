"""Made-up results of the trust tests of heatmaps."""

from fracture_core.evaluation.interval import Interval
from fracture_core.explain.trust_record import (
    IMAGE_CHANGES,
    HeatmapTrust,
    LocalisationRecord,
    MethodTrust,
    Similarity,
)


def interval_around(value: float) -> Interval:
    """An interval of 0.05 to both sides."""
    return Interval(value, value - 0.05, value + 0.05, 20)


def similarity_of(value: float) -> Similarity:
    """Rank correlation and structural similarity of the same value."""
    return Similarity(interval_around(value), interval_around(value))


def localisation_with(precision: float) -> LocalisationRecord:
    """Localisation with this average precision."""
    return LocalisationRecord(interval_around(0.5), interval_around(precision), interval_around(0.3))


#: A method that passes all tests.
GOOD = MethodTrust(
    marked=localisation_with(0.4),
    gain=interval_around(0.3),
    phantoms=localisation_with(0.2),
    deletion=interval_around(0.2),
    insertion=interval_around(0.2),
    randomised=[similarity_of(0.6), similarity_of(0.1)],
    between_images=similarity_of(0.2),
    changed={name: similarity_of(0.95) for name in IMAGE_CHANGES},
    second_training=similarity_of(0.6),
)


def trust_of(**methods: MethodTrust) -> HeatmapTrust:
    """Results of these methods."""
    return HeatmapTrust("val", 20, methods, {"centre": localisation_with(0.1)}, {})

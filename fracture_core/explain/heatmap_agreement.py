"""Whether several heatmaps of one film point at the same place."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fracture_core.explain.peak import find_peak
from fracture_core.imaging import LetterboxTransform

# A map's strongest area is where it reaches this share of its own peak.
_STRONGEST = 0.5


@dataclass(frozen=True)
class HeatmapAgreement:
    """Which methods point at one place.

    Attributes:
        together: names of the methods whose strongest point lies in the strongest area of the first that has any
            evidence, itself the first.
        apart: names of those that point elsewhere.
        silent: names of those without any evidence.
    """

    together: tuple[str, ...]
    apart: tuple[str, ...]
    silent: tuple[str, ...]


def compare_heatmaps(grids: Mapping[str, np.ndarray], placement: LetterboxTransform) -> HeatmapAgreement:
    """Compares maps of one film.

    Args:
        grids: by name, float (rows, columns) over the canvas, each on a grid of its own; the first that is not blank
            is what the others are held against.
        placement: from the canvas to the film.
    """
    points = {
        name: found for name, grid in grids.items() if (found := find_peak(grid, placement)) is not None
    }
    silent = tuple(name for name in grids if name not in points)
    if not points:
        return HeatmapAgreement((), (), silent)
    first = next(iter(points))
    least = _STRONGEST * _around(grids[first], points[first], placement)
    together = tuple(
        name for name, point in points.items() if _around(grids[first], point, placement) >= least
    )
    return HeatmapAgreement(together, tuple(name for name in points if name not in together), silent)


def _around(grid: np.ndarray, point: tuple[int, int], placement: LetterboxTransform) -> float:
    """The strongest of the nine cells around a point of the film: maps differ in how fine they are."""
    rows, columns = grid.shape
    x, y = placement.to_canvas(np.array(point) + 0.5)
    column = min(int(x * columns / placement.canvas[1]), columns - 1)
    row = min(int(y * rows / placement.canvas[0]), rows - 1)
    return float(grid[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].max())

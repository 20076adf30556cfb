"""Agreement of several heatmaps of one image on the strongest area."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fracture_core.explain.peak import find_peak
from fracture_core.imaging import LetterboxTransform

# The strongest area of a heatmap is where it reaches this fraction of its peak.
_AREA_THRESHOLD = 0.5


@dataclass(frozen=True)
class HeatmapAgreement:
    """Methods whose heatmaps point at the same area.

    Attributes:
        together: Methods whose peak lies in the strongest area of the first method with evidence, including that
            method itself.
        apart: Methods whose peak lies elsewhere.
        silent: Methods without any evidence.
    """

    together: tuple[str, ...]
    apart: tuple[str, ...]
    silent: tuple[str, ...]


def compare_heatmaps(
    grids: Mapping[str, NDArray[np.floating]], transform: LetterboxTransform
) -> HeatmapAgreement:
    """Compare the peaks of several heatmaps of one image.

    Args:
        grids: Heatmaps on the canvas by method, float (rows, columns), each on its own grid. The first with evidence
            is the reference.
        transform: Transform between image and canvas.

    Returns:
        The methods that agree with the reference, those that do not, and those without evidence.
    """
    peaks = {name: peak for name, grid in grids.items() if (peak := find_peak(grid, transform)) is not None}
    silent = tuple(name for name in grids if name not in peaks)
    if not peaks:
        return HeatmapAgreement((), (), silent)
    reference = next(iter(peaks))
    threshold = _AREA_THRESHOLD * _value_near(grids[reference], peaks[reference], transform)
    together = tuple(
        name for name, peak in peaks.items() if _value_near(grids[reference], peak, transform) >= threshold
    )
    return HeatmapAgreement(together, tuple(name for name in peaks if name not in together), silent)


def _value_near(grid: NDArray[np.floating], point: tuple[int, int], transform: LetterboxTransform) -> float:
    """Return the maximum of the 3 × 3 cells around an image point, because grids differ in resolution."""
    rows, columns = grid.shape
    x, y = transform.to_canvas(np.array(point) + 0.5)
    column = min(int(x * columns / transform.canvas[1]), columns - 1)
    row = min(int(y * rows / transform.canvas[0]), rows - 1)
    return float(grid[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].max())

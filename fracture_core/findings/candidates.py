"""Boxes around the peaks of a fracture map."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from fracture_core.datasets.cases import Box
from fracture_core.imaging import LetterboxTransform

#: Minimum peak of a candidate.
MIN_PEAK = 0.02

#: Maximum number of candidates of an image.
MAX_CANDIDATES = 12

# Longer side of the image on which boxes are drawn, in pixels; finer than the cells of a map.
_SIDE = 256


@dataclass(frozen=True)
class Candidate:
    """A region of a fracture map around one peak.

    Attributes:
        box: left, top, right and bottom as fractions of the image, 0–1.
        peak: the map's largest value in it, a fracture probability that is not calibrated, 0–1.
    """

    box: Box
    peak: float


def find_candidates(
    grid: NDArray[np.floating], transform: LetterboxTransform, extent: float, min_peak: float = MIN_PEAK
) -> tuple[Candidate, ...]:
    """Find the regions of a fracture map, those with the highest peak first.

    The region of a peak is the connected area around it with at least `extent` times its value. It is then removed and
    the next peak is sought, so that two fractures of different strength become two regions. Only local maxima
    count as peaks, not the slope around a removed region. A region whose centre lies in an earlier box is dropped.

    Args:
        grid: fracture probability of each cell of the canvas, float (rows, columns), 0–1.
        transform: transform between image and canvas.
        extent: value at the edge of a region as a share of its peak, 0–1.
        min_peak: minimum peak of a region, 0–1.

    Returns:
        At most `MAX_CANDIDATES` regions.

    Example:
        >>> grid = np.zeros((8, 8), np.float32)
        >>> grid[2, 5] = 0.9
        >>> (found,) = find_candidates(grid, LetterboxTransform.fit(source=(160, 160), canvas=(64, 64)), 0.5)
        >>> [round(edge, 2) for edge in found.box], round(found.peak, 1)
        ([0.62, 0.25, 0.75, 0.38], 0.9)
    """
    height, width = transform.source
    scale = _SIDE / max(height, width)
    size = max(1, round(height * scale)), max(1, round(width * scale))
    remaining = np.asarray(replace(transform, source=size).to_source(grid), np.float32)
    peaks = np.where(remaining == cv2.dilate(remaining, np.ones((3, 3), np.uint8)), remaining, 0)
    found: list[Candidate] = []
    while len(found) < MAX_CANDIDATES:
        row, column = np.unravel_index(int(peaks.argmax()), peaks.shape)
        peak = float(peaks[row, column])
        if peak < min_peak:
            break
        _, labels = cv2.connectedComponents((remaining >= extent * peak).astype(np.uint8), connectivity=8)
        region = labels == labels[row, column]
        rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
        box = (
            float(columns[0] / size[1]),
            float(rows[0] / size[0]),
            float((columns[-1] + 1) / size[1]),
            float((rows[-1] + 1) / size[0]),
        )
        if not any(contains_centre(other.box, box) for other in found):
            found.append(Candidate(box, peak))
        remaining[region] = peaks[region] = 0
    return tuple(found)


def contains_centre(outer: Box, inner: Box) -> bool:
    """Return whether the centre of one box lies in another.

    Example:
        >>> contains_centre((0.0, 0.0, 0.5, 0.5), (0.2, 0.2, 0.6, 0.6))
        True
    """
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]

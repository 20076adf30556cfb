"""The strongest point of a heatmap, and whether it hits what it should."""

from collections.abc import Sequence

import numpy as np

from fracture_core.datasets.cases import Box
from fracture_core.imaging import LetterboxTransform


def find_peak(grid: np.ndarray, placement: LetterboxTransform) -> tuple[int, int] | None:
    """The pixel of the film under the centre of the strongest cell.

    The centre is the one point of a cell that means something: interpolated maps are flat from the
    outermost centres to the edge, and their maximum may lie anywhere there.

    Args:
        grid: float (rows, columns) over the canvas, 0 or more.
        placement: from the canvas to the film.

    Returns:
        x, y in pixels of the original film, the nearest to a centre that lies in the padding; None
        where the map is zero on all cells that touch the film.
    """
    rows, columns = grid.shape
    height, width = placement.canvas
    on_film = np.outer(
        _touched(rows, height, placement.top, placement.size[0]),
        _touched(columns, width, placement.left, placement.size[1]),
    )
    evidence = np.where(on_film, grid, 0)
    if not evidence.max() > 0:
        return None
    row, column = np.unravel_index(int(evidence.argmax()), grid.shape)
    x, y = placement.to_image(np.array([(column + 0.5) * width / columns, (row + 0.5) * height / rows]))
    return (
        int(np.clip(x, 0, placement.source[1] - 1)),
        int(np.clip(y, 0, placement.source[0] - 1)),
    )


def _touched(cells: int, length: int, start: int, extent: int) -> np.ndarray:
    """Which of the cells along one axis of the canvas overlap the film, bool (cells,)."""
    edges = np.linspace(0, length, cells + 1)
    return (edges[:-1] < start + extent) & (edges[1:] > start)


def is_peak_in_boxes(
    point: tuple[int, int] | None, boxes: Sequence[Box], placement: LetterboxTransform
) -> bool:
    """The pointing game (Zhang et al. 2018, arXiv:1608.00507): whether a point lies in one of the boxes.

    Args:
        point: x, y in pixels of the film; None hits nothing.
        boxes: as fractions of the film.
        placement: of the film.
    """
    if point is None:
        return False
    x, y = (point[0] + 0.5) / placement.source[1], (point[1] + 0.5) / placement.source[0]
    return any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in boxes)

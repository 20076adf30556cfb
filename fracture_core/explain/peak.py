"""Peak of a heatmap and the pointing game."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fracture_core.datasets.cases import Box
from fracture_core.imaging import LetterboxTransform


def find_peak(grid: NDArray[np.floating], transform: LetterboxTransform) -> tuple[int, int] | None:
    """Find the image pixel at the centre of the strongest cell.

    Interpolated heatmaps are flat between the outermost cell centres and the edge, so their own maximum may lie
    anywhere there.

    Args:
        grid: Heatmap on the canvas, float (rows, columns), 0 or more.
        transform: Transform between image and canvas.

    Returns:
        x, y in pixels of the original image; the nearest image pixel if the cell centre lies in the padding. None if
        all cells that overlap the image are zero.

    Example:
        >>> grid = np.zeros((8, 8))
        >>> grid[2, 5] = 1.0
        >>> find_peak(grid, LetterboxTransform.fit(source=(160, 160), canvas=(64, 64)))
        (110, 50)
    """
    rows, columns = grid.shape
    height, width = transform.canvas
    on_image = np.outer(
        _overlapping_cells(rows, height, transform.top, transform.size[0]),
        _overlapping_cells(columns, width, transform.left, transform.size[1]),
    )
    evidence = np.where(on_image, grid, 0)
    if not evidence.max() > 0:
        return None
    row, column = np.unravel_index(int(evidence.argmax()), grid.shape)
    x, y = transform.to_image(np.array([(column + 0.5) * width / columns, (row + 0.5) * height / rows]))
    return (
        int(np.clip(x, 0, transform.source[1] - 1)),
        int(np.clip(y, 0, transform.source[0] - 1)),
    )


def _overlapping_cells(cells: int, length: int, start: int, extent: int) -> NDArray[np.bool_]:
    """Find the cells along one axis of the canvas that overlap the image, bool (cells,)."""
    edges = np.linspace(0, length, cells + 1)
    return (edges[:-1] < start + extent) & (edges[1:] > start)


def is_peak_in_boxes(
    point: tuple[int, int] | None, boxes: Sequence[Box], transform: LetterboxTransform
) -> bool:
    """Check whether a point lies in a bounding box (pointing game; Zhang et al. 2018, arXiv:1608.00507).

    Args:
        point: x, y in pixels of the image; None lies in no box.
        boxes: Bounding boxes as fractions of the image.
        transform: Transform of the image.

    Returns:
        Whether the pixel centre lies in at least one box.
    """
    if point is None:
        return False
    x, y = (point[0] + 0.5) / transform.source[1], (point[1] + 0.5) / transform.source[0]
    return any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in boxes)

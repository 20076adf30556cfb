"""Deletion and insertion: does the prediction change most where the heatmap is strongest?

Source: V. Petsiuk, A. Das and K. Saenko, "RISE: randomized input sampling for explanation of black-box models",
BMVC 2018, arXiv:1806.07421. The parts of the image are replaced by a blurred copy in both directions, because a
black area on a radiograph is a finding of its own.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from fracture_core.imaging import LetterboxTransform

#: Cells a side that are deleted or inserted together.
CELLS = 48

#: Shares of the cells that are deleted or inserted. Fractures are small, so the steps are finer at the beginning.
SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4)

# Standard deviation of the blur as a share of the longer side of the canvas.
_BLUR = 0.05


def cell_order(
    heat: NDArray[np.floating], transform: LetterboxTransform, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Order the cells of the canvas by a heatmap, strongest first; equal ones in random order.

    Args:
        heat: heatmap of the canvas, float (rows, columns).
        transform: transform between image and canvas; cells whose centre lies in the padding are left out.
        rng: source of the random order.

    Returns:
        Positions of the cells in a grid of `CELLS` × `CELLS`, int (n,).
    """
    values = cv2.resize(np.asarray(heat, np.float32), (CELLS, CELLS), interpolation=cv2.INTER_LINEAR).ravel()
    centre = (np.arange(CELLS) + 0.5) / CELLS
    rows, columns = centre * transform.canvas[0], centre * transform.canvas[1]
    on_image = np.outer(
        (rows >= transform.top) & (rows < transform.top + transform.size[0]),
        (columns >= transform.left) & (columns < transform.left + transform.size[1]),
    ).ravel()
    cells = np.flatnonzero(on_image)
    return np.asarray(cells[np.lexsort((rng.random(len(cells)), -values[cells]))], np.intp)


def mean_probabilities(
    canvas: NDArray[np.uint8], order: NDArray[np.intp], predict: Callable[[NDArray[np.uint8]], float]
) -> tuple[float, float]:
    """Delete and insert the cells of an image in an order.

    Args:
        canvas: letterboxed image, uint8 (height, width).
        order: cells from `cell_order`.
        predict: returns the probability of a fracture, 0–1, of a letterboxed image.

    Returns:
        The mean probability over `SHARES` while cells are deleted, and while they are inserted into the blurred image.
        A faithful order gives a low first and a high second value.
    """
    blurred = cv2.GaussianBlur(canvas, (0, 0), _BLUR * max(canvas.shape))
    deleted, inserted = [], []
    for share in SHARES:
        chosen = np.zeros(CELLS * CELLS, np.uint8)
        chosen[order[: max(1, round(share * len(order)))]] = 1
        mask = cv2.resize(
            chosen.reshape(CELLS, CELLS), canvas.shape[::-1], interpolation=cv2.INTER_NEAREST
        ).astype(bool)
        deleted.append(predict(np.where(mask, blurred, canvas)))
        inserted.append(predict(np.where(mask, canvas, blurred)))
    return float(np.mean(deleted)), float(np.mean(inserted))

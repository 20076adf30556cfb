"""Geometry: mapping between limb coordinates in millimetres and image pixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: A crop of the image: row slice and column slice.
Crop = tuple[slice, slice]


@dataclass(frozen=True)
class View:
    """Similarity transform from the limb (mm, x lateral, y distal) to the image (pixels).

    Attributes:
        size: rows and columns of the image.
        spacing: mm of the limb per pixel.
        matrix: (2, 2), mm to pixels: a rotation, possibly mirrored, divided by `spacing`.
        centre: (2,) point of the limb in mm that maps to `target`.
        target: (2,) column and row of that point in pixels.
    """

    size: tuple[int, int]
    spacing: float
    matrix: NDArray[np.float64]
    centre: NDArray[np.float64]
    target: NDArray[np.float64]

    def to_pixels(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Convert points (N, 2) in mm to columns and rows (N, 2) in pixels."""
        return np.asarray((np.asarray(points, dtype=float) - self.centre) @ self.matrix.T + self.target)

    def crop(self, points: NDArray[np.float64], margin: float) -> Crop | None:
        """Return the crop that contains points and a margin.

        Args:
            points: (N, 2), mm.
            margin: mm.

        Returns:
            The crop, or None if it lies outside the image.
        """
        pixels = self.to_pixels(points)
        reach = margin / self.spacing + 2.0
        left, top = np.floor(pixels.min(axis=0) - reach).astype(int)
        right, bottom = np.ceil(pixels.max(axis=0) + reach).astype(int) + 1
        rows = slice(max(int(top), 0), min(int(bottom), self.size[0]))
        columns = slice(max(int(left), 0), min(int(right), self.size[1]))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            return None
        return rows, columns

    def grid(self, crop: Crop) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return x and y in mm of every pixel centre of a crop, each of the crop's shape."""
        rows, columns = crop
        inverse = np.linalg.inv(self.matrix)
        row = np.arange(rows.start, rows.stop, dtype=float)[:, None] - self.target[1]
        column = np.arange(columns.start, columns.stop, dtype=float)[None, :] - self.target[0]
        x = inverse[0, 0] * column + inverse[0, 1] * row + self.centre[0]
        y = inverse[1, 0] * column + inverse[1, 1] * row + self.centre[1]
        return x, y


@dataclass(frozen=True)
class Motion:
    """Rigid motion in the image plane: rotation about a point, then translation.

    Attributes:
        pivot: (2,) centre of the rotation in mm.
        angle: radians, from x towards y.
        shift: (2,) translation in mm.
    """

    pivot: NDArray[np.float64]
    angle: float
    shift: NDArray[np.float64]

    def undo(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return where points at x, y (mm) were before the motion."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        dx = x - self.pivot[0] - self.shift[0]
        dy = y - self.pivot[1] - self.shift[1]
        return self.pivot[0] + cos * dx + sin * dy, self.pivot[1] - sin * dx + cos * dy

    def move(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return points (N, 2) in mm after the motion."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        offset = np.asarray(points, dtype=float) - self.pivot
        rotated = np.stack(
            [cos * offset[:, 0] - sin * offset[:, 1], sin * offset[:, 0] + cos * offset[:, 1]], axis=1
        )
        return np.asarray(rotated + self.pivot + self.shift)

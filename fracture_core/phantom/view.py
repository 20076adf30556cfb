"""Where the anatomy lies on the film: millimetres of the limb to pixels and back."""

from dataclasses import dataclass

import numpy as np

#: Rows and columns of a crop of the film: row slice, column slice.
Crop = tuple[slice, slice]


@dataclass(frozen=True)
class View:
    """A similarity between the limb (mm, x to the lateral side, y to the distal end) and the film (pixels).

    Attributes:
        size: rows and columns of the film.
        spacing: mm of the limb per pixel.
        matrix: (2, 2), mm to pixels; a rotation, possibly mirrored, divided by `spacing`.
        centre: (2,) point of the limb, in mm, which lies at `target`.
        target: (2,) column and row in pixels of that point.
    """

    size: tuple[int, int]
    spacing: float
    matrix: np.ndarray
    centre: np.ndarray
    target: np.ndarray

    def to_pixels(self, points: np.ndarray) -> np.ndarray:
        """Points (N, 2) in mm as (N, 2) columns and rows in pixels."""
        return (np.asarray(points, dtype=float) - self.centre) @ self.matrix.T + self.target

    def crop(self, points: np.ndarray, margin: float) -> Crop | None:
        """The part of the film with all points (N, 2; mm) and a margin in mm, or None where that is off."""
        pixels = self.to_pixels(points)
        reach = margin / self.spacing + 2.0
        left, top = np.floor(pixels.min(axis=0) - reach).astype(int)
        right, bottom = np.ceil(pixels.max(axis=0) + reach).astype(int) + 1
        rows = slice(max(int(top), 0), min(int(bottom), self.size[0]))
        columns = slice(max(int(left), 0), min(int(right), self.size[1]))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            return None
        return rows, columns

    def grid(self, crop: Crop) -> tuple[np.ndarray, np.ndarray]:
        """The limb's x and y in mm of every pixel centre of a crop, each of the crop's shape."""
        rows, columns = crop
        inverse = np.linalg.inv(self.matrix)
        row = np.arange(rows.start, rows.stop, dtype=float)[:, None] - self.target[1]
        column = np.arange(columns.start, columns.stop, dtype=float)[None, :] - self.target[0]
        x = inverse[0, 0] * column + inverse[0, 1] * row + self.centre[0]
        y = inverse[1, 0] * column + inverse[1, 1] * row + self.centre[1]
        return x, y


@dataclass(frozen=True)
class Motion:
    """A rigid motion in the plane of the film: turn about a point, then shift.

    Attributes:
        pivot: (2,) mm, the point about which is turned.
        angle: radians, from x towards y.
        shift: (2,) mm.
    """

    pivot: np.ndarray
    angle: float
    shift: np.ndarray

    def undo(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the points now at x, y (mm) were before the motion."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        dx = x - self.pivot[0] - self.shift[0]
        dy = y - self.pivot[1] - self.shift[1]
        return self.pivot[0] + cos * dx + sin * dy, self.pivot[1] - sin * dx + cos * dy

    def move(self, points: np.ndarray) -> np.ndarray:
        """Points (N, 2) in mm after the motion."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        offset = np.asarray(points, dtype=float) - self.pivot
        turned = np.stack(
            [cos * offset[:, 0] - sin * offset[:, 1], sin * offset[:, 0] + cos * offset[:, 1]], axis=1
        )
        return turned + self.pivot + self.shift

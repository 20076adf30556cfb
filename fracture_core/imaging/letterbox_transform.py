"""Coordinate transform between an image and the canvas of the model input."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class LetterboxTransform:
    """Affine transform between an original image and the canvas onto which it was letterboxed.

    Coordinates are in pixels with the corner of the image at (0, 0), so the centre of the first pixel is (0.5, 0.5).
    Points are arrays (..., 2) of x and y.

    Example:
        >>> transform = LetterboxTransform.fit((100, 200), (50, 50))
        >>> transform.size, transform.top, transform.left
        ((25, 50), 12, 0)
        >>> transform.to_image(transform.to_canvas([200, 100]))
        array([200., 100.])

    Attributes:
        source: (height, width) of the original image.
        canvas: (height, width) of the canvas.
        size: (height, width) of the image on the canvas.
        top: rows of padding above the image.
        left: columns of padding left of the image.
    """

    source: tuple[int, int]
    canvas: tuple[int, int]
    size: tuple[int, int]
    top: int
    left: int

    @classmethod
    def fit(cls, source: tuple[int, int], canvas: tuple[int, int]) -> "LetterboxTransform":
        """Fit an image centred onto a canvas, as large as possible without cropping.

        Args:
            source: (height, width) of the image.
            canvas: (height, width) of the canvas.
        """
        scale = min(canvas[0] / source[0], canvas[1] / source[1])
        height = min(canvas[0], max(1, round(source[0] * scale)))
        width = min(canvas[1], max(1, round(source[1] * scale)))
        return cls(source, canvas, (height, width), (canvas[0] - height) // 2, (canvas[1] - width) // 2)

    @property
    def scale(self) -> tuple[float, float]:
        """Canvas pixels per original pixel, (x, y); equal except for rounding to whole pixels."""
        return self.size[1] / self.source[1], self.size[0] / self.source[0]

    def to_canvas(self, points: ArrayLike) -> NDArray[np.float64]:
        """Convert image coordinates to canvas coordinates; float (..., 2) of x and y."""
        return np.asarray(np.asarray(points, float) * self.scale + (self.left, self.top))

    def to_image(self, points: ArrayLike) -> NDArray[np.float64]:
        """Convert canvas coordinates to image coordinates; the inverse of `to_canvas`."""
        return np.asarray((np.asarray(points, float) - (self.left, self.top)) / self.scale)

    def to_source(self, grid: NDArray[np.floating]) -> NDArray[np.float32]:
        """Resample a map of the canvas to the pixels of the original image.

        Args:
            grid: map of the whole canvas at any resolution, float (rows, columns), such as a heatmap on the last
                feature grid of the model.

        Returns:
            float32 of shape `source`, bilinearly interpolated; the padding is left out.
        """
        rows, columns = grid.shape
        # Centre of each original pixel → canvas → grid index (cell centres at +0.5).
        x = (np.arange(self.source[1]) + 0.5) * self.scale[0] + self.left
        y = (np.arange(self.source[0]) + 0.5) * self.scale[1] + self.top
        x = (x * columns / self.canvas[1] - 0.5).astype(np.float32)
        y = (y * rows / self.canvas[0] - 0.5).astype(np.float32)
        columns_at, rows_at = np.meshgrid(x, y)
        resampled = cv2.remap(
            np.ascontiguousarray(grid, np.float32),
            columns_at,
            rows_at,
            interpolation=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(resampled, np.float32)

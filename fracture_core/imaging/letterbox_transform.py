"""Where an image lies on the model's canvas, and the way back."""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class LetterboxTransform:
    """The affine map between an original image and the canvas it was letterboxed onto.

    Coordinates are in pixels with the corner of the image at (0, 0), so the centre of the first
    pixel is (0.5, 0.5). Points are arrays of shape (..., 2) holding x, y.

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
        """The largest centred image of `source`'s aspect on `canvas`; nothing is cut off."""
        scale = min(canvas[0] / source[0], canvas[1] / source[1])
        height = min(canvas[0], max(1, round(source[0] * scale)))
        width = min(canvas[1], max(1, round(source[1] * scale)))
        return cls(source, canvas, (height, width), (canvas[0] - height) // 2, (canvas[1] - width) // 2)

    @property
    def scale(self) -> tuple[float, float]:
        """(x, y) canvas pixels per original pixel; equal up to rounding to whole pixels."""
        return self.size[1] / self.source[1], self.size[0] / self.source[0]

    def to_canvas(self, points: np.ndarray) -> np.ndarray:
        """Original pixel coordinates to canvas coordinates."""
        return np.asarray(points, float) * self.scale + (self.left, self.top)

    def to_image(self, points: np.ndarray) -> np.ndarray:
        """Canvas coordinates to original pixel coordinates, exactly undoing `to_canvas`."""
        return (np.asarray(points, float) - (self.left, self.top)) / self.scale

    def to_source(self, grid: np.ndarray) -> np.ndarray:
        """A map that covers the canvas, at any resolution, laid over the original pixels.

        Args:
            grid: float array (rows, columns) spanning the whole canvas, such as a heatmap on the
                model's last feature grid.

        Returns:
            float32 array of shape `source`, bilinearly interpolated; padding is left out.
        """
        rows, columns = grid.shape
        # Centre of each original pixel → canvas → grid index (cell centres at +0.5).
        x = (np.arange(self.source[1]) + 0.5) * self.scale[0] + self.left
        y = (np.arange(self.source[0]) + 0.5) * self.scale[1] + self.top
        x = (x * columns / self.canvas[1] - 0.5).astype(np.float32)
        y = (y * rows / self.canvas[0] - 0.5).astype(np.float32)
        columns_at, rows_at = np.meshgrid(x, y)
        return cv2.remap(
            np.ascontiguousarray(grid, np.float32),
            columns_at,
            rows_at,
            interpolation=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )

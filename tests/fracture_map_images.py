"""Images with made-up fracture maps, for tests of findings."""

import numpy as np

from fracture_core.findings.choose_settings import MappedImage
from fracture_core.imaging import LetterboxTransform

#: A tall image on a square canvas: the left and right quarter of the map are padding.
TRANSFORM = LetterboxTransform.fit(source=(400, 200), canvas=(64, 64))


def grid_with(*peaks: tuple[int, int, float]) -> np.ndarray:
    """A map that is 0 except at peaks: row, column and value."""
    grid = np.zeros((16, 16), np.float32)
    for row, column, value in peaks:
        grid[row, column] = value
    return grid


def mapped_images() -> list[MappedImage]:
    """30 fractured images whose strongest peak is mostly right, and 30 normal ones with weak peaks."""
    rng = np.random.default_rng(1)
    images = []
    for number in range(60):
        row, column = int(rng.integers(2, 14)), int(rng.integers(5, 11))
        fractured = number < 30
        peaks = [(row, column, float(rng.uniform(0.4, 0.95)))] if fractured and number % 6 else []
        peaks.append((0, 5, float(rng.uniform(0.05, 0.5))))
        lesion = ((column - 4) / 8, row / 16, (column - 3) / 8, (row + 1) / 16)
        images.append(MappedImage(grid_with(*peaks), TRANSFORM, (lesion,) if fractured else (), str(number)))
    return images

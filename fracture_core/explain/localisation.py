"""How well a heatmap localises fractures, and simple baselines that any useful heatmap has to beat.

Sources: N. Arun et al., "Assessing the trustworthiness of saliency maps for localizing abnormalities in medical
imaging", Radiol. Artif. Intell. 3(6), 2021 (area under the precision–recall curve); A. Saporta et al., "Benchmarking
saliency methods for chest X-ray interpretation", Nat. Mach. Intell. 4, 2022 (pointing game); H. Wang et al.,
"Score-CAM", arXiv:1910.01279 (share of the heatmap in the box).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from fracture_core.datasets.cases import Box
from fracture_core.imaging import LetterboxTransform

# Longer side in pixels of the image on which heatmaps and marked areas are compared.
_SIDE = 256

# Side in pixels of the cells of the random baseline; about that of a cell of the heatmaps.
_RANDOM_CELL = 8


@dataclass(frozen=True)
class Localisation:
    """How well one heatmap localises the fractures of one image.

    Attributes:
        pointing: 1 if its strongest pixel lies in a marked area, else 0.
        precision: area under the precision–recall curve of its pixels (average precision), 0–1.
        mass: share of its sum in the marked areas, 0–1.
    """

    pointing: float
    precision: float
    mass: float


def measuring_transform(transform: LetterboxTransform) -> LetterboxTransform:
    """Return the transform to the image size at which heatmaps are compared with marked areas."""
    height, width = transform.source
    scale = _SIDE / max(height, width)
    return replace(transform, source=(max(1, round(height * scale)), max(1, round(width * scale))))


def boxes_to_mask(boxes: Sequence[Box], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the pixels in marked boxes.

    Args:
        boxes: left, top, right and bottom as fractions of the image, 0–1.
        size: height and width of the mask in pixels.

    Returns:
        bool (height, width); every box covers at least one pixel.

    Example:
        >>> boxes_to_mask([(0.0, 0.5, 0.5, 1.0)], (2, 4)).astype(int)
        array([[0, 0, 0, 0],
               [1, 1, 0, 0]])
    """
    mask = np.zeros(size, bool)
    height, width = size
    for x0, y0, x1, y1 in boxes:
        left, top = min(int(x0 * width), width - 1), min(int(y0 * height), height - 1)
        right, bottom = max(left + 1, round(x1 * width)), max(top + 1, round(y1 * height))
        mask[top:bottom, left:right] = True
    return mask


def measure_localisation(heat: NDArray[np.floating], mask: NDArray[np.bool_]) -> Localisation:
    """Compare a heatmap with the marked areas of an image.

    Args:
        heat: heatmap, float (height, width), 0 or more.
        mask: marked pixels, bool (height, width), at least one of each kind.

    Returns:
        The measures. A heatmap without evidence points nowhere, and its average precision is the share of marked
        pixels.

    Example:
        >>> heat = np.array([[0.0, 1.0], [3.0, 0.0]])
        >>> measure_localisation(heat, np.array([[False, False], [True, False]]))
        Localisation(pointing=1.0, precision=1.0, mass=0.75)
    """
    # Imported here, because scikit-learn takes a second to import.
    from sklearn.metrics import average_precision_score

    total = float(heat.sum())
    if not total > 0:
        return Localisation(0.0, float(mask.mean()), 0.0)
    return Localisation(
        float(mask.flat[int(heat.argmax())]),
        float(average_precision_score(mask.ravel(), heat.ravel())),
        float(heat[mask].sum()) / total,
    )


def _centre(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Bright at the centre of the image, dark at its corners."""
    height, width = image.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.asarray(np.exp(-2 * (x**2 + y**2)), np.float32)


def _brightness(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """The grey values themselves."""
    return image


def _random(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise in cells."""
    height, width = image.shape
    cells = rng.random((-(-height // _RANDOM_CELL), -(-width // _RANDOM_CELL)), np.float32)
    return np.kron(cells, np.ones((_RANDOM_CELL, _RANDOM_CELL), np.float32))[:height, :width]


def _edges(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Density of edges: the gradient's magnitude, blurred over about a cell."""
    gradient = np.hypot(cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1))
    return np.asarray(cv2.GaussianBlur(gradient, (0, 0), _RANDOM_CELL / 2), np.float32)


#: Heatmaps that know nothing about fractures, by name: functions of an image, float32 (height, width), 0–1, and a
#: random generator.
BASELINES: Mapping[str, Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]]] = {
    "centre": _centre,
    "brightness": _brightness,
    "edges": _edges,
    "random": _random,
}

"""Negative examples for radiograph detection: text pages, charts, photographs and noise textures.

All images are drawn here or cropped from two photographs shipped with scikit-learn, so training needs no download.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

_TEXT = "the patient was seen on a and with no left right date name report page of to in dose view total 12 347 0.5 –"


def make_non_radiographs(count: int, seed: int = 0) -> Iterator[NDArray[np.uint8]]:
    """Generate images that are not radiographs.

    Args:
        count: number of images.
        seed: seed; the same seed gives the same images.

    Yields:
        uint8 images (height, width) of different sizes; 15% are inverted.
    """
    from sklearn.datasets import load_sample_images

    photographs = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in load_sample_images().images]
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        match number % 4:
            case 0 | 2:
                image = _crop_photograph(photographs[number // 2 % len(photographs)], rng)
            case 1:
                image = _text_page(rng) if rng.random() < 0.7 else _chart(rng)
            case _:
                image = _noise(rng) if rng.random() < 0.4 else _crop_photograph(photographs[number % 2], rng)
        yield 255 - image if rng.random() < 0.15 else image


def _crop_photograph(photograph: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A random crop with random flip and gamma."""
    share = rng.uniform(0.25, 1.0)
    rows, columns = (round(share * side) for side in photograph.shape)
    top = rng.integers(photograph.shape[0] - rows + 1)
    left = rng.integers(photograph.shape[1] - columns + 1)
    crop = photograph[top : top + rows, left : left + columns]
    crop = crop[:, ::-1] if rng.random() < 0.5 else crop
    crop = (255 * (crop / 255.0) ** rng.uniform(0.5, 2.0)).astype(np.uint8)
    scale = 400 / min(crop.shape)
    return np.asarray(cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8)


def _text_page(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Dark text on a light page."""
    rows, columns = (int(side) for side in rng.choice([(1100, 850), (850, 1100), (800, 600)]))
    page = np.full((rows, columns), rng.integers(230, 256), np.uint8)
    size = rng.uniform(0.45, 1.0)
    vocabulary = _TEXT.split()
    for line in range(60, rows - 40, round(38 * size) + 4):
        text = " ".join(rng.choice(vocabulary, rng.integers(3, 14)))
        grey, thickness = int(rng.integers(0, 70)), 1 + int(size > 0.8)
        cv2.putText(page, text, (50, line), cv2.FONT_HERSHEY_SIMPLEX, size, grey, thickness)
    return page


def _chart(rng: np.random.Generator) -> NDArray[np.uint8]:
    """A bar chart or a line chart."""
    chart = np.full((480, 640), 255, np.uint8)
    cv2.rectangle(chart, (60, 30), (600, 430), 0, 1)
    if rng.random() < 0.5:
        for bar in range(8):
            top = int(rng.integers(60, 400))
            cv2.rectangle(chart, (80 + 65 * bar, top), (125 + 65 * bar, 430), int(rng.integers(40, 200)), -1)
    else:
        for _ in range(4):
            heights = 230 + np.cumsum(rng.normal(0, 12, 60))
            points = np.column_stack([np.linspace(60, 600, 60), heights]).astype(np.int32)
            cv2.polylines(chart, [points], False, int(rng.integers(0, 150)), 2)
    return chart


def _noise(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Noise with a power-law spectrum, like clouds or a wall."""
    side = 400
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    frequency[0, 0] = 1
    spectrum = np.fft.rfft2(rng.standard_normal((side, side))) / frequency ** rng.uniform(0.8, 2.0)
    field = np.fft.irfft2(spectrum, (side, side))
    low, high = np.quantile(field, (0.01, 0.99))
    return np.asarray(255 * np.clip((field - low) / (high - low), 0, 1), np.uint8)

"""Pictures that are no radiographs, to tell radiographs from: pages, charts, photographs, clouds of grey.

All are drawn here or cut from the two photographs that scikit-learn brings along, so that a gate can be trained
anywhere and without a download.
"""

from collections.abc import Iterator

import cv2
import numpy as np
from sklearn.datasets import load_sample_images

_TEXT = "the patient was seen on a and with no left right date name report page of to in dose view total 12 347 0.5 –"


def make_non_radiographs(count: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Pictures that are no radiographs, uint8 (rows, columns), of the four kinds in turn; seeded."""
    photographs = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in load_sample_images().images]
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        match number % 4:
            case 0 | 2:
                picture = _crop_photograph(photographs[number // 2 % len(photographs)], rng)
            case 1:
                picture = _page(rng) if rng.random() < 0.7 else _chart(rng)
            case _:
                picture = (
                    _clouds(rng) if rng.random() < 0.4 else _crop_photograph(photographs[number % 2], rng)
                )
        yield 255 - picture if rng.random() < 0.15 else picture


def _crop_photograph(photograph: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A part of a photograph, mirrored or not, in another exposure."""
    share = rng.uniform(0.25, 1.0)
    rows, columns = (round(share * side) for side in photograph.shape)
    top = rng.integers(photograph.shape[0] - rows + 1)
    left = rng.integers(photograph.shape[1] - columns + 1)
    part = photograph[top : top + rows, left : left + columns]
    part = part[:, ::-1] if rng.random() < 0.5 else part
    part = (255 * (part / 255.0) ** rng.uniform(0.5, 2.0)).astype(np.uint8)
    larger = 400 / min(part.shape)
    return np.asarray(cv2.resize(part, None, fx=larger, fy=larger, interpolation=cv2.INTER_CUBIC))


def _page(rng: np.random.Generator) -> np.ndarray:
    """Lines of words on paper."""
    rows, columns = (int(side) for side in rng.choice([(1100, 850), (850, 1100), (800, 600)]))
    page = np.full((rows, columns), rng.integers(230, 256), np.uint8)
    size = rng.uniform(0.45, 1.0)
    words = _TEXT.split()
    for line in range(60, rows - 40, round(38 * size) + 4):
        text = " ".join(rng.choice(words, rng.integers(3, 14)))
        cv2.putText(
            page,
            text,
            (50, line),
            cv2.FONT_HERSHEY_SIMPLEX,
            size,
            int(rng.integers(0, 70)),
            1 + int(size > 0.8),
        )
    return page


def _chart(rng: np.random.Generator) -> np.ndarray:
    """Bars or lines on axes."""
    chart = np.full((480, 640), 255, np.uint8)
    cv2.rectangle(chart, (60, 30), (600, 430), 0, 1)
    if rng.random() < 0.5:
        for bar in range(8):
            top = int(rng.integers(60, 400))
            cv2.rectangle(chart, (80 + 65 * bar, top), (125 + 65 * bar, 430), int(rng.integers(40, 200)), -1)
    else:
        for _ in range(4):
            steps = 230 + np.cumsum(rng.normal(0, 12, 60))
            points = np.column_stack([np.linspace(60, 600, 60), steps]).astype(np.int32)
            cv2.polylines(chart, [points], False, int(rng.integers(0, 150)), 2)
    return chart


def _clouds(rng: np.random.Generator) -> np.ndarray:
    """Grey noise whose detail fades with its fineness, as in a sky or a wall."""
    side = 400
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    frequency[0, 0] = 1
    waves = np.fft.rfft2(rng.standard_normal((side, side))) / frequency ** rng.uniform(0.8, 2.0)
    field = np.fft.irfft2(waves, (side, side))
    low, high = np.quantile(field, (0.01, 0.99))
    return (255 * np.clip((field - low) / (high - low), 0, 1)).astype(np.uint8)

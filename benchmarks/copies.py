"""Precision and recall of the finder of copies, on real films that the benchmark itself changes.

python -m benchmarks.copies DIR [--count 400]

Every film is changed in one way and thrown in with the originals. Recall is the share of changed films
that are found to show their original. Precision is the share of joined pairs that are a film and its
copy; films that are joined without any change, because the set itself holds copies, are known beforehand and
do not count against it.
"""

import argparse
from collections.abc import Callable
from functools import partial
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np

from fracture_core import near_duplicates
from fracture_core.datasets.layouts.image_files import find_images
from fracture_core.errors import ImageReadError
from fracture_core.evaluation.proportion import proportion_interval
from fracture_core.imaging import read_radiograph
from fracture_core.near_duplicates.registration import REGISTRATION_SIDE

Change = Callable[[np.ndarray], np.ndarray]


def _mirrored(image: np.ndarray, turns: int) -> np.ndarray:
    return np.rot90(image[:, ::-1], turns)


def _jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))


def _scaled(image: np.ndarray, factor: float) -> np.ndarray:
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=how))


def _tilted(image: np.ndarray, degrees: float) -> np.ndarray:
    height, width = image.shape
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    return np.asarray(cv2.warpAffine(image, turn, (width, height)))


def _square(image: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.resize(image, (224, 224), interpolation=cv2.INTER_AREA))


def _cropped(image: np.ndarray, share: float) -> np.ndarray:
    rows, columns = (round(share * side) for side in image.shape)
    return image[rows : image.shape[0] - rows, columns : image.shape[1] - columns]


def _cut_off(image: np.ndarray, share: float) -> np.ndarray:
    image = image.copy()
    image[round((1 - share) * len(image)) :] = 0
    return image


CHANGES: dict[str, Change] = {
    **{f"turned by {90 * k}°": partial(np.rot90, k=k) for k in (1, 2, 3)},
    **{f"mirrored and turned by {90 * k}°": partial(_mirrored, turns=k) for k in range(4)},
    "half the size": lambda image: _scaled(image, 0.5),
    "a quarter of the size": lambda image: _scaled(image, 0.25),
    "1.6 times the size": lambda image: _scaled(image, 1.6),
    "squeezed into 224 × 224": _square,
    "JPEG of quality 50": lambda image: _jpeg(image, 50),
    "JPEG of quality 20": lambda image: _jpeg(image, 20),
    "darker by 40%": lambda image: (image * 0.6).astype(np.uint8),
    "gamma 0.6": lambda image: (255 * (image / 255) ** 0.6).astype(np.uint8),
    "negative": lambda image: 255 - image,
    "mirrored, turned, 0.6 times the size, JPEG 50": lambda image: _jpeg(
        _scaled(np.ascontiguousarray(np.rot90(image[:, ::-1])), 0.6), 50
    ),
    "last 15% missing": lambda image: _cut_off(image, 0.15),
    "tilted by 5°": lambda image: _tilted(image, 5),
    "tilted by 20°": lambda image: _tilted(image, 20),
    "squeezed into a square, tilted by 20°": lambda image: _tilted(_square(image), 20),
    "2% cropped on each side": lambda image: _cropped(image, 0.02),
    "5% cropped on each side": lambda image: _cropped(image, 0.05),
}


def _groups(films: list[np.ndarray]) -> np.ndarray:
    prints = np.stack([near_duplicates.compute_fingerprint(film.astype(np.float32) / 255) for film in films])

    def picture(k: int) -> np.ndarray:
        small = cv2.resize(
            films[k].astype(np.float32) / 255,
            (REGISTRATION_SIDE, REGISTRATION_SIDE),
            interpolation=cv2.INTER_AREA,
        )
        return np.asarray(small)

    return near_duplicates.group_duplicates(prints, picture)[0]


def _pairs(groups: np.ndarray) -> set[tuple[int, int]]:
    order = np.argsort(groups, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    return {pair for part in parts for pair in combinations(sorted(part.tolist()), 2)}


def main() -> None:
    """Prints a line for each change."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    paths = find_images(chosen.folder)
    picked = np.random.default_rng(chosen.seed).permutation(len(paths))
    films: list[np.ndarray] = []
    for k in picked.tolist():
        if len(films) == chosen.count:
            break
        try:
            film = read_radiograph(paths[k])
        except ImageReadError:
            continue
        if not film.truncated:
            films.append(np.round(film.pixels * 255).astype(np.uint8))
    count = len(films)
    alone = _groups(films)
    print(f"{count} films showing {len(set(alone.tolist()))} pictures by themselves")
    for words, change in CHANGES.items():
        groups = _groups([*films, *(np.ascontiguousarray(change(film)) for film in films)])
        found = groups[:count] == groups[count:]
        joined = _pairs(groups)
        right = sum(alone[left % count] == alone[other % count] for left, other in joined)
        recall = proportion_interval(found, np.arange(count))
        precision = proportion_interval(np.arange(len(joined)) < right, np.arange(len(joined)))
        print(f"{words:<48} recall {recall.text():<38} precision {precision.text()}", flush=True)


if __name__ == "__main__":
    main()

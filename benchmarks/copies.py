"""Precision and recall of the near-duplicate search, on real images with simulated changes.

python -m benchmarks.copies DIR [--count 400]

Every image is changed in one way and added to the originals. Recall is the share of changed images that are grouped
with their original. Precision is the share of grouped pairs that are an image and its copy. Copies that the dataset
already contains are determined first and do not count as errors.
"""

import argparse
from collections.abc import Callable
from functools import partial
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fracture_core import near_duplicates
from fracture_core.datasets.layouts.image_files import find_images
from fracture_core.errors import ImageReadError
from fracture_core.evaluation.proportion import proportion_interval
from fracture_core.imaging import read_radiograph
from fracture_core.near_duplicates.registration import REGISTRATION_SIDE

Image = NDArray[np.uint8]
Change = Callable[[Image], Image]


def _mirror(image: Image, turns: int) -> Image:
    return np.rot90(image[:, ::-1], turns)


def _recompress(image: Image, quality: int) -> Image:
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE))


def _rescale(image: Image, factor: float) -> Image:
    interpolation = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=interpolation))


def _tilt(image: Image, degrees: float) -> Image:
    height, width = image.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1)
    return np.asarray(cv2.warpAffine(image, matrix, (width, height)))


def _square(image: Image) -> Image:
    return np.asarray(cv2.resize(image, (224, 224), interpolation=cv2.INTER_AREA))


def _crop_margins(image: Image, share: float) -> Image:
    rows, columns = (round(share * side) for side in image.shape)
    return image[rows : image.shape[0] - rows, columns : image.shape[1] - columns]


def _truncate(image: Image, share: float) -> Image:
    image = image.copy()
    image[round((1 - share) * len(image)) :] = 0
    return image


CHANGES: dict[str, Change] = {
    **{f"rotated by {90 * k}°": partial(np.rot90, k=k) for k in (1, 2, 3)},
    **{f"mirrored and rotated by {90 * k}°": partial(_mirror, turns=k) for k in range(4)},
    "half the size": lambda image: _rescale(image, 0.5),
    "a quarter of the size": lambda image: _rescale(image, 0.25),
    "1.6 times the size": lambda image: _rescale(image, 1.6),
    "resized to 224 × 224": _square,
    "JPEG of quality 50": lambda image: _recompress(image, 50),
    "JPEG of quality 20": lambda image: _recompress(image, 20),
    "darker by 40%": lambda image: (image * 0.6).astype(np.uint8),
    "gamma 0.6": lambda image: (255 * (image / 255) ** 0.6).astype(np.uint8),
    "negative": lambda image: 255 - image,
    "mirrored, rotated, 0.6 times the size, JPEG 50": lambda image: _recompress(
        _rescale(np.ascontiguousarray(np.rot90(image[:, ::-1])), 0.6), 50
    ),
    "last 15% missing": lambda image: _truncate(image, 0.15),
    "tilted by 5°": lambda image: _tilt(image, 5),
    "tilted by 20°": lambda image: _tilt(image, 20),
    "resized to a square, tilted by 20°": lambda image: _tilt(_square(image), 20),
    "2% cropped on each side": lambda image: _crop_margins(image, 0.02),
    "5% cropped on each side": lambda image: _crop_margins(image, 0.05),
}


def _group(images: list[Image]) -> NDArray[np.int64]:
    fingerprints = np.stack(
        [near_duplicates.compute_fingerprint(image.astype(np.float32) / np.float32(255)) for image in images]
    )

    def load_image(k: int) -> NDArray[np.float32]:
        small = cv2.resize(
            images[k].astype(np.float32) / 255,
            (REGISTRATION_SIDE, REGISTRATION_SIDE),
            interpolation=cv2.INTER_AREA,
        )
        return np.asarray(small, np.float32)

    return near_duplicates.group_duplicates(fingerprints, load_image)[0]


def _pairs(groups: NDArray[np.int64]) -> set[tuple[int, int]]:
    order = np.argsort(groups, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
    return {pair for part in parts for pair in combinations(sorted(part.tolist()), 2)}


def main() -> None:
    """Print recall and precision for each change."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    paths = find_images(args.folder)
    order = np.random.default_rng(args.seed).permutation(len(paths))
    images: list[Image] = []
    for k in order.tolist():
        if len(images) == args.count:
            break
        try:
            radiograph = read_radiograph(paths[k])
        except ImageReadError:
            continue
        if not radiograph.truncated:
            images.append(np.round(radiograph.pixels * 255).astype(np.uint8))
    count = len(images)
    unchanged = _group(images)
    print(f"{count} images, {len(set(unchanged.tolist()))} of them unique")
    for title, change in CHANGES.items():
        groups = _group([*images, *(np.ascontiguousarray(change(image)) for image in images)])
        is_found = groups[:count] == groups[count:]
        joined = _pairs(groups)
        right = sum(unchanged[left % count] == unchanged[other % count] for left, other in joined)
        recall = proportion_interval(is_found, np.arange(count))
        precision = proportion_interval(np.arange(len(joined)) < right, np.arange(len(joined)))
        print(f"{title:<48} recall {recall.text():<38} precision {precision.text()}", flush=True)


if __name__ == "__main__":
    main()

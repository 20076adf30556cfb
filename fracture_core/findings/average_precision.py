"""Average precision of boxes, as in the COCO challenge but for a chosen intersection over union (IoU).

Boxes are matched by pycocotools. The interval resamples groups of images.
"""

import contextlib
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fracture_core.evaluation.bootstrap import RESAMPLES, SEED
from fracture_core.evaluation.interval import CONFIDENCE_LEVEL, Interval
from fracture_core.findings.free_response import MarkedImage

# The precision is averaged over these recalls.
_RECALLS = np.linspace(0, 1, 101)

# pycocotools expects pixels; fractions of the image are scaled to this side.
_SIDE = 1000.0


def average_precision(images: Sequence[MarkedImage], overlap: float) -> Interval:
    """Measure the average precision.

    Args:
        images: images with lesions and rated marks; boxes as fractions of the image.
        overlap: least intersection over union of a right mark, 0–1.

    Returns:
        The mean precision over 101 recalls, 0–1, with its interval; nan without lesions.
    """
    lesions = np.array([len(image.lesions) for image in images])
    if not lesions.sum():
        return Interval.unknown()
    names, codes = np.unique([image.group for image in images], return_inverse=True)
    ratings, right, owners = _match(images, overlap)
    order = np.argsort(-ratings, kind="stable")
    right, owners = right[order], owners[order]
    counts = np.bincount(codes, weights=lesions, minlength=len(names))

    def measure(weights: NDArray[np.float64]) -> float:
        of_marks, total = weights[codes[owners]], float(weights @ counts)
        hits, marks = np.cumsum(of_marks * right), np.cumsum(of_marks)
        recall = hits / total
        precision = np.divide(hits, marks, out=np.zeros_like(hits), where=marks > 0)
        envelope = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
        return float(envelope[np.searchsorted(recall, _RECALLS - 1e-9)].mean())

    value = measure(np.ones(len(names)))
    draws = np.random.default_rng(SEED).multinomial(
        len(names), np.full(len(names), 1 / len(names)), RESAMPLES // 4
    )
    values = [measure(draw.astype(np.float64)) for draw in draws if draw @ counts]
    tail = (1 - CONFIDENCE_LEVEL) / 2
    low, high = np.quantile(values, (tail, 1 - tail))
    return Interval(value, float(low), float(high), int(lesions.sum()))


def _match(
    images: Sequence[MarkedImage], overlap: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.intp]]:
    """Match marks to lesions: rating of each mark, whether it is right, and its image."""
    # Imported here, because only the evaluation of boxes needs it.
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth, marks = COCO(), COCO()
    truth.dataset = _dataset([[(box, 1.0) for box in image.lesions] for image in images])
    marks.dataset = _dataset([list(image.marks) for image in images])
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        marks.createIndex()
        evaluation = COCOeval(truth, marks, "bbox")
        evaluation.params.iouThrs = np.array([overlap])
        evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 1e10]], ["all"]
        evaluation.params.maxDets = [100]
        evaluation.evaluate()
    ratings: list[float] = []
    right: list[bool] = []
    owners: list[int] = []
    for result in evaluation.evalImgs:
        if result is None:
            continue
        ratings += [float(score) for score in result["dtScores"]]
        right += [bool(match) for match in result["dtMatches"][0]]
        owners += [int(result["image_id"]) - 1] * len(result["dtScores"])
    return np.array(ratings), np.array(right, bool), np.array(owners, np.intp)


def _dataset(boxes: Sequence[Sequence[tuple[tuple[float, float, float, float], float]]]) -> dict[str, object]:
    annotations: list[dict[str, object]] = []
    for image, rows in enumerate(boxes, 1):
        for (left, top, right, bottom), score in rows:
            width, height = (right - left) * _SIDE, (bottom - top) * _SIDE
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": 1,
                    "bbox": [left * _SIDE, top * _SIDE, width, height],
                    "area": width * height,
                    "iscrowd": 0,
                    "score": score,
                }
            )
    return {
        "images": [{"id": image} for image in range(1, len(boxes) + 1)],
        "categories": [{"id": 1, "name": "fracture"}],
        "annotations": annotations,
    }

"""Similarity of two heatmaps of one image: rank correlation and structural similarity."""

import cv2
import numpy as np
import scipy
import tensorflow as tf
from numpy.typing import NDArray

#: Side in cells of the grid on which heatmaps are compared.
COMPARED_SIDE = 96


def to_compared_grid(heat: NDArray[np.floating]) -> NDArray[np.float32]:
    """Resample a heatmap of any resolution to `COMPARED_SIDE` cells a side, float32."""
    return np.asarray(
        cv2.resize(
            np.asarray(heat, np.float32), (COMPARED_SIDE, COMPARED_SIDE), interpolation=cv2.INTER_LINEAR
        ),
        np.float32,
    )


def rank_correlation(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Return Spearman's rank correlation of two heatmaps of one shape, −1 to 1; nan if either is constant.

    Example:
        >>> rank_correlation(np.array([[1.0, 2.0, 3.0]]), np.array([[1.0, 4.0, 9.0]]))
        1.0
    """
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(scipy.stats.spearmanr(one.ravel(), other.ravel()).statistic)


def structural_similarity(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Return the structural similarity (SSIM) of two heatmaps, each scaled to a maximum of 1.

    Source: Z. Wang et al., "Image quality assessment: from error visibility to structural similarity", IEEE Trans.
    Image Process. 13, 2004; window of 11 × 11 cells.

    Args:
        one: heatmap, float (rows, columns), 0 or more.
        other: heatmap of the same shape.

    Returns:
        The mean over all windows, −1 to 1; nan if a heatmap has no evidence.
    """
    if not (one.max() > 0 and other.max() > 0):
        return float("nan")
    x, y = (np.asarray(heat / heat.max(), np.float32)[..., None] for heat in (one, other))
    return float(tf.image.ssim(x, y, max_val=1.0))

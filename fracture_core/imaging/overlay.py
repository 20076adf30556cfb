"""Rendering of heatmaps over radiographs."""

import io
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image


@lru_cache(maxsize=1)
def _colour_map() -> NDArray[np.uint8]:
    """The colour map "plasma" (Smith & van der Walt, 2015), uint8 (256, 3) RGB.

    Its lightness rises evenly from dark blue to yellow. It is therefore readable with colour blindness and in
    greyscale prints.
    """
    ramp = np.arange(256, dtype=np.uint8)[:, None]
    table = np.asarray(
        cv2.cvtColor(cv2.applyColorMap(ramp, cv2.COLORMAP_PLASMA), cv2.COLOR_BGR2RGB)[:, 0], np.uint8
    )
    table.setflags(write=False)
    return table


#: Share of the scale from which evidence counts as strong and is outlined.
STRONG_EVIDENCE = 0.5


def blend_heatmap(
    pixels: NDArray[np.floating], heat: NDArray[np.floating], opacity: float
) -> NDArray[np.uint8]:
    """Blend a heatmap over an image. Areas without evidence stay grey.

    Args:
        pixels: grey levels in 0–1, float (height, width).
        heat: evidence on a fixed scale of 0–1, float (height, width); values outside are clipped.
        opacity: share of colour in 0–1 where the heat is 1. 0 gives exactly the grey image.

    Returns:
        RGB image, uint8 (height, width, 3).

    Raises:
        ValueError: the shapes differ, or the heat has non-finite values.

    Example:
        >>> blend_heatmap(np.full((1, 1), 0.2), np.zeros((1, 1)), opacity=0.6)
        array([[[51, 51, 51]]], dtype=uint8)
    """
    if pixels.shape != heat.shape:
        raise ValueError(
            f"expected heat of shape {pixels.shape}, got {heat.shape}: use LetterboxTransform.to_source"
        )
    if not np.isfinite(heat).all():
        raise ValueError("expected finite heat, got NaN or infinity: check the heatmap")
    grey = np.repeat(_eight_bits(pixels)[..., None], 3, axis=-1)
    if opacity <= 0:
        return grey
    heat = np.clip(heat, 0, 1).astype(np.float32)
    alpha = heat * np.float32(min(float(opacity), 1.0))
    # The weighted mean in one pass, without float copies of the full-size image.
    return np.asarray(cv2.blendLinear(_colour_map()[_eight_bits(heat)], grey, alpha, 1 - alpha), np.uint8)


def render_layer(heat: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Render a heatmap as a transparent layer. Placed over an image it looks like `blend_heatmap`.

    Args:
        heat: evidence on a fixed scale of 0–1, float (height, width); values outside are clipped.

    Returns:
        RGBA image, uint8 (height, width, 4); alpha is the heat.
    """
    levels = _eight_bits(heat)
    return np.dstack([_colour_map()[levels], levels])


def find_contours(heat: NDArray[np.floating], level: float) -> list[NDArray[np.float32]]:
    """Find the outlines of the areas where the heat reaches a level.

    Args:
        heat: float (height, width).
        level: lowest heat inside an area.

    Returns:
        For each area the corners of its outer border, float32 (n, 2) of x and y, with the corner of the array at
        (0, 0).
    """
    contours, _ = cv2.findContours(
        (heat >= level).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    # OpenCV returns pixel centres.
    return [contour[:, 0].astype(np.float32) + np.float32(0.5) for contour in contours]


def render_legend(width: int, height: int) -> NDArray[np.uint8]:
    """Render a strip of the colour map, from heat 0 on the left to 1 on the right.

    Args:
        width: columns.
        height: rows.

    Returns:
        RGB image, uint8 (height, width, 3).
    """
    row = _colour_map()[np.rint(np.linspace(0, 255, width)).astype(np.uint8)]
    return np.repeat(row[None], height, axis=0)


def encode_png(array: NDArray[Any]) -> bytes:
    """Encode an image as a PNG file without metadata.

    Args:
        array: grey (height, width), RGB (height, width, 3) or RGBA (height, width, 4); uint8, or float in 0–1.

    Returns:
        The file.
    """
    values = array if array.dtype == np.uint8 else _eight_bits(array)
    file = io.BytesIO()
    # The default level 6 takes four times as long for files that are a tenth smaller.
    Image.fromarray(np.ascontiguousarray(values)).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _eight_bits(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.asarray(np.rint(np.clip(values, 0, 1) * 255), np.float64).astype(np.uint8)

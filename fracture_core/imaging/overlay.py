"""A heatmap over a film, as pixels for the screen."""

import io
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image


@lru_cache(maxsize=1)
def _colours() -> np.ndarray:
    """The colour map, uint8 (256, 3) RGB: "plasma" (Smith & van der Walt, 2015).

    Its lightness rises evenly from dark blue to yellow, so it reads the same with any kind of
    colour blindness and in grey print.
    """
    ramp = np.arange(256, dtype=np.uint8)[:, None]
    table = cv2.cvtColor(cv2.applyColorMap(ramp, cv2.COLORMAP_PLASMA), cv2.COLOR_BGR2RGB)[:, 0]
    table.setflags(write=False)
    return table


#: From this share of the scale on, evidence counts as strong and is outlined.
STRONG_EVIDENCE = 0.5


def blend_heatmap(pixels: np.ndarray, heat: np.ndarray, opacity: float) -> np.ndarray:
    """Lays a heatmap over a film; the colour grows with the heat, so calm film stays grey.

    Args:
        pixels: float array (height, width) in 0–1.
        heat: float array (height, width) on a fixed scale of 0–1; what is outside is clipped.
        opacity: 0–1, the share of colour where the heat is 1. 0 gives exactly the grey film.

    Returns:
        uint8 RGB array (height, width, 3).

    Raises:
        ValueError: the shapes differ, or the heat has values that are not numbers.
    """
    if pixels.shape != heat.shape:
        raise ValueError(f"expected heat of shape {pixels.shape}, got {heat.shape}: use Placement.back")
    if not np.isfinite(heat).all():
        raise ValueError("expected finite heat, got NaN or infinity: check the heatmap")
    film = np.repeat(_eight_bits(pixels)[..., None], 3, axis=-1)
    if opacity <= 0:
        return film
    heat = np.clip(heat, 0, 1).astype(np.float32)
    alpha = heat * np.float32(min(float(opacity), 1.0))
    # The weighted mean in one pass, without float copies of a full-size film.
    return cv2.blendLinear(_colours()[_eight_bits(heat)], film, alpha, 1 - alpha)


def render_layer(heat: np.ndarray) -> np.ndarray:
    """A heatmap alone, transparent where there is no heat: laid over a film it gives what `blend_heatmap` gives.

    Args:
        heat: float array (height, width) on a fixed scale of 0–1; what is outside is clipped.

    Returns:
        uint8 RGBA array (height, width, 4); alpha is the heat.
    """
    levels = _eight_bits(heat)
    return np.dstack([_colours()[levels], levels])


def find_contours(heat: np.ndarray, level: float) -> list[np.ndarray]:
    """Lines around the places where the heat reaches a level.

    Args:
        heat: float array (height, width).
        level: the value from which on a place counts.

    Returns:
        For each area the corners of its outer border, float32 (n, 2) holding x, y with the corner of the array at
        (0, 0).
    """
    found, _ = cv2.findContours((heat >= level).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    # OpenCV names centres of pixels.
    return [line[:, 0].astype(np.float32) + np.float32(0.5) for line in found]


def render_legend(width: int, height: int) -> np.ndarray:
    """A strip of the colour map, heat 0 at the left and 1 at the right.

    Args:
        width: columns.
        height: rows.

    Returns:
        uint8 RGB array (height, width, 3).
    """
    row = _colours()[np.rint(np.linspace(0, 255, width)).astype(np.uint8)]
    return np.repeat(row[None], height, axis=0)


def encode_png(array: np.ndarray) -> bytes:
    """An image as a PNG file, without any metadata.

    Args:
        array: uint8 grey (height, width), RGB (height, width, 3) or RGBA; a float array is taken to be
            in 0–1.

    Returns:
        The file.
    """
    values = array if array.dtype == np.uint8 else _eight_bits(array)
    file = io.BytesIO()
    # The usual level 6 takes four times as long to save a tenth of the size.
    Image.fromarray(np.ascontiguousarray(values)).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _eight_bits(values: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)

"""Small phantoms as arrays and as files."""

from pathlib import Path

import cv2
import numpy as np

from fracture_core.phantom import draw_phantom, encode_png

SIZE = (200, 160)


def small_phantom(seed: int, fractured: bool) -> np.ndarray:
    """Draw a phantom, uint8 (200, 160)."""
    return draw_phantom(seed, ("hand", "leg", "forearm")[seed % 3], fractured, SIZE).pixels


def save_image(path: Path, pixels: np.ndarray) -> Path:
    """Write an image file in the format of its extension."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = encode_png(pixels) if path.suffix == ".png" else cv2.imencode(path.suffix, pixels)[1].tobytes()
    path.write_bytes(data)
    return path

"""Films as small pictures inside a page."""

import base64
from pathlib import Path

import cv2

from fracture_core.errors import ImageReadError
from fracture_core.imaging import letterbox, read

#: Side in pixels, and JPEG quality: enough to recognise a film, small enough for hundreds on a page.
_SIDE, _QUALITY = 112, 70


def data_uri(path: Path) -> str:
    """A film as a JPEG data URI, letterboxed into a square; empty where it cannot be read."""
    try:
        canvas, _ = letterbox(read(path).pixels, _SIDE, _SIDE)
    except ImageReadError:
        return ""
    _, data = cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"

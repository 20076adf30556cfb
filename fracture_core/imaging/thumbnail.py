"""Thumbnails of radiographs as data URIs for HTML pages."""

import base64
from pathlib import Path

import cv2

from fracture_core.errors import SecondLookError
from fracture_core.file_names import resolve_name
from fracture_core.imaging.prepare import letterbox
from fracture_core.imaging.read import read_radiograph
from fracture_core.internal_errors import file_boundary

# Side in pixels and JPEG quality: recognisable, yet small enough for hundreds on one page.
_SIDE, _QUALITY = 112, 70


def thumbnail_data_uri(path: Path) -> str:
    """Return a square, letterboxed JPEG thumbnail as a data URI.

    Args:
        path: image file; its name may be escaped by `escape_name`.

    Returns:
        The data URI, or "" if the file cannot be read.
    """
    try:
        with file_boundary():
            canvas, _ = letterbox(read_radiograph(resolve_name(path)).pixels, _SIDE, _SIDE)
            _, data = cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    except SecondLookError:
        return ""
    return f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"

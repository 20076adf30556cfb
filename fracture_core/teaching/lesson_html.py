"""A lesson as one self-contained HTML page with keyboard control."""

import base64
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from numpy.typing import NDArray

from fracture_core.imaging import encode_png, render_legend
from fracture_core.teaching.lesson_slide import LessonPresentation, LessonSlide

# JPEG keeps a lesson small enough for e-mail; fracture lines stay visible at this quality.
_JPEG_QUALITY = 92

# Width and height in pixels.
_LEGEND_SIZE = (160, 8)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("fracture_core.teaching", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
    )


def lesson_to_html(lesson: LessonPresentation) -> str:
    """Render a lesson as an HTML page.

    Returns:
        The page with its images, styles and script embedded. It contains no file name and makes no request.
    """
    payload = {
        "title": lesson.title,
        "finding": lesson.finding,
        "model": lesson.model,
        "threshold": f"{lesson.threshold:.3f}",
        "privacy_notice": lesson.privacy_notice,
        "legend": _data_uri(encode_png(render_legend(*_LEGEND_SIZE)), "png"),
        "slides": [_slide_payload(slide) for slide in lesson.slides],
    }
    templates = Path(__file__).parent / "templates"
    return (
        _environment()
        .get_template("lesson.html")
        .render(
            title=lesson.title,
            lesson=payload,
            css=Markup((templates / "lesson.css").read_text(encoding="utf-8")),
            js=Markup((templates / "lesson.js").read_text(encoding="utf-8")),
        )
    )


def _slide_payload(slide: LessonSlide) -> dict[str, Any]:
    height, width = slide.film.shape
    return {
        "size": [width, height],
        "film": _jpeg_uri(slide.film),
        "overlay": "" if slide.overlay is None else _jpeg_uri(slide.overlay[..., ::-1]),
        "no_heat": slide.no_heat,
        "boxes": [[round(edge, 4) for edge in box] for box in slide.boxes],
        "label": slide.label,
        "probability": f"{slide.probability:.3f}",
        "called": slide.called,
        "verdict": slide.verdict,
        "region": slide.region,
        "note": slide.note,
        "synthetic": slide.synthetic,
    }


def _jpeg_uri(pixels: NDArray[np.uint8]) -> str:
    """Encode a greyscale or BGR image as a data URI without metadata."""
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(pixels), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return _data_uri(data.tobytes(), "jpeg")


def _data_uri(data: bytes, subtype: str) -> str:
    return f"data:image/{subtype};base64,{base64.b64encode(data).decode()}"

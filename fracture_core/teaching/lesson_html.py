"""A lesson as one HTML page that needs nothing beside it and is led by keys."""

import base64
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fracture_core.imaging import encode_png, render_legend
from fracture_core.teaching.lesson_slide import LessonPresentation, LessonSlide

# JPEG keeps a lesson small enough to send; at this quality the lines of a fracture stay.
_QUALITY = 92

_LEGEND = (160, 8)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("fracture_core.teaching", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
    )


def lesson_to_html(lesson: LessonPresentation) -> str:
    """The page. It names no file, loads nothing, and sends nothing."""
    data = {
        "title": lesson.title,
        "finding": lesson.finding,
        "model": lesson.model,
        "threshold": f"{lesson.threshold:.3f}",
        "duty": lesson.privacy_notice,
        "legend": _uri(encode_png(render_legend(*_LEGEND)), "png"),
        "slides": [_slide(slide) for slide in lesson.slides],
    }
    templates = Path(__file__).parent / "templates"
    return (
        _environment()
        .get_template("lesson.html")
        .render(
            title=lesson.title,
            lesson=data,
            css=Markup((templates / "lesson.css").read_text(encoding="utf-8")),
            js=Markup((templates / "lesson.js").read_text(encoding="utf-8")),
        )
    )


def _slide(slide: LessonSlide) -> dict[str, Any]:
    height, width = slide.film.shape
    return {
        "size": [width, height],
        "film": _jpeg(slide.film),
        "overlay": "" if slide.overlay is None else _jpeg(slide.overlay[..., ::-1]),
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


def _jpeg(pixels: np.ndarray) -> str:
    """An image, grey or in OpenCV's order of colours, as an address that holds it; without metadata."""
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(pixels), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return _uri(data.tobytes(), "jpeg")


def _uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"

"""The image viewer in the browser: its files, and what it needs about an image."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit import runtime

from fracture_core import paths
from fracture_core.findings import Finding, FindingGrade
from fracture_core.imaging import encode_png, render_legend
from fracture_core.report.sentences import percent_text

if TYPE_CHECKING:
    from fracture_core.datasets.cases import Box
    from fracture_core.imaging import PackedPixels
    from fracture_core.imaging.pixel_values import PixelValues

#: Scripts of the viewer. They are joined with the script that starts it, so that no build step is needed.
SCRIPTS = ("elements", "film", "place", "draw", "keys", "pointer", "viewer")

#: Texts at the ends of the colour scale, by the unit of the heatmap.
LEGEND_ENDS = {
    "evidence": ("no evidence", "strongest 10% of fractured images"),
    "sensitivity": ("no effect", "strongest 10% of fractured images"),
    "chance": ("0%", "100% probability of a fracture here"),
}


@dataclass(frozen=True, eq=False)
class ViewerImage:
    """An image for the viewer.

    Attributes:
        pixels: its compressed pixels.
        width: columns of the image.
        height: rows of the image.
        spacing: (row, column) spacing in mm per pixel; None if unknown.
        scale: scale and windows of the pixel values, as `value_scale` gives them; None for grey levels.
    """

    pixels: PackedPixels
    width: int
    height: int
    spacing: tuple[float, float] | None
    scale: dict[str, Any] | None


def component(name: str, html: str, start: Sequence[str], styles: Sequence[str]) -> Any:
    """Register a component that contains the viewer.

    Args:
        name: its name.
        html: name of its HTML file, in which a comment marks the place of the viewer.
        start: names of scripts beyond those of the viewer; the last one starts it.
        styles: names of style sheets beyond that of the viewer.
    """
    return st.components.v2.component(
        name,
        html=_read_asset(f"{html}.html").replace("<!-- viewer -->", _read_asset("viewer.html")),
        css="\n".join(_read_asset(f"{style}.css") for style in ("viewer", *styles)),
        js="\n".join(_read_asset(f"{script}.js") for script in (*SCRIPTS, *start)),
    )


def _read_asset(name: str) -> str:
    return (paths.assets_dir() / "viewer" / name).read_text(encoding="utf-8")


_SINGLE = component("second_look_viewer", "single", ["single"], ["single"])


def show(
    key: str,
    label: str,
    image: ViewerImage,
    layer: bytes | None = None,
    contours: Sequence[Any] = (),
    ends: tuple[str, str] = ("", ""),
    findings: Sequence[Finding] = (),
    annotated: Sequence[Box] = (),
) -> None:
    """Draw the viewer alone.

    Args:
        key: key of the component; a page may show several.
        label: name of the image for screen readers and saved files.
        image: the image.
        layer: the heatmap as a transparent PNG; None for none.
        contours: contours of its strongest areas, in pixels of the image.
        ends: texts at the ends of its colour scale.
        findings: boxes of the model.
        annotated: annotated boxes x0, y0, x1, y1 as fractions of the image.
    """
    _SINGLE(
        key=key,
        data={
            "id": f"{key} {label}",
            "label": label,
            **pixel_content(image, f"{key} pixels"),
            "layer": serve(layer, "image/png", f"{key} heatmap") if layer else None,
            "contours": list(contours),
            "legend": ends,
            "scale": colour_scale(),
            "findings": finding_boxes(findings, image.height, image.width),
            "annotated": [
                (x0 * image.width, y0 * image.height, x1 * image.width, y1 * image.height)
                for x0, y0, x1, y1 in annotated
            ],
            "side": "",
            "warning": "",
        },
    )


def pixel_content(image: ViewerImage, element: str) -> dict[str, Any]:
    """What the viewer needs about the pixels of an image.

    Args:
        image: the image.
        element: the part of the page; its earlier content is released.
    """
    return {
        "film": {
            "url": serve(image.pixels.packed, "application/octet-stream", element),
            "width": image.width,
            "height": image.height,
            "columns": image.pixels.columns,
            "rows": image.pixels.rows,
            "bits": image.pixels.bits,
            "top": image.pixels.top,
            "values": image.scale,
        },
        "spacing": image.spacing,
    }


def finding_boxes(findings: Sequence[Finding], height: int, width: int) -> list[dict[str, Any]]:
    """Boxes of findings in pixels of an image, with their texts."""
    return [
        {
            "box": finding.pixels(height, width),
            "label": f"{number}: {percent_text(finding.confidence)}",
            "text": finding.grade.value.capitalize(),
            "share": percent_text(finding.confidence),
            "definite": finding.grade is FindingGrade.DEFINITE,
        }
        for number, finding in enumerate(findings, 1)
    ]


def value_scale(values: PixelValues | None) -> dict[str, Any] | None:
    """What the viewer needs to show pixel values: their scale and the windows of the file."""
    if values is None:
        return None
    return {
        "first": values.first,
        "step": values.step,
        "units": values.units,
        "inverted": values.is_inverted,
        "windows": [
            {"name": window.name, "black": window.black, "white": window.white} for window in values.windows
        ],
    }


@lru_cache(maxsize=1)
def colour_scale() -> str:
    """The colour scale of heatmaps as a data URI."""
    return f"data:image/png;base64,{base64.b64encode(encode_png(render_legend(256, 8))).decode()}"


def serve(content: bytes, media_type: str, element: str) -> str:
    """Serve bytes from memory, as Streamlit serves images; return their URL.

    Args:
        content: the bytes.
        media_type: for example "image/png".
        element: the part of the page; its earlier content is released.
    """
    url = runtime.get_instance().media_file_mgr.add(content, media_type, f"viewer {element}")
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    return f"/{base}{url}" if base else url

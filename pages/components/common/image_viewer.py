"""The image viewer: zoom, window, rotation and heatmap in the browser.

docs/decisions.md states why no existing viewer is used.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit import runtime

from fracture_core import paths
from fracture_core.findings import FindingGrade
from fracture_core.report import sentences
from fracture_core.report.sentences import percent_text

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Heatmap, Opinion

# These scripts are joined into one module, so that no build step is needed.
_SCRIPTS = ("film", "place", "draw", "keys", "pointer", "viewer")


def _read_asset(name: str) -> str:
    return (paths.assets_dir() / "viewer" / name).read_text(encoding="utf-8")


_VIEWER = st.components.v2.component(
    "second_look_viewer",
    html=_read_asset("viewer.html"),
    css=_read_asset("viewer.css"),
    js="\n".join(_read_asset(f"{name}.js") for name in _SCRIPTS),
)


def show(opinion: Opinion, heat: Heatmap | None, name: str, key: str) -> None:
    """Draw an image with the boxes of its findings and a heatmap layer.

    The image is sent once, with its original grey values; another heatmap sends only its layer. Zoom, window and
    rotation stay in the browser.

    Args:
        opinion: the opinion on the image.
        heat: the heatmap; None for none.
        name: name of the image, for saved screenshots.
        key: identifies the image, also for the view that the browser restores.
    """
    image, pixels = opinion.film, opinion.packed_pixels
    _VIEWER(
        key=f"view {key} viewer",
        data={
            "id": key,
            "name": re.sub(r"\.\w+$", "", Path(name).name),
            "film": {
                "url": _serve(pixels.packed, "application/octet-stream", "viewer film"),
                "width": image.width,
                "height": image.height,
                "columns": pixels.columns,
                "rows": pixels.rows,
                "bits": pixels.bits,
            },
            "spacing": image.spacing,
            "layer": _serve(heat.layer, "image/png", "viewer heatmap")
            if heat and heat.has_evidence
            else None,
            "contours": heat.contours if heat else [],
            "findings": [
                {
                    "box": finding.pixels(image.height, image.width),
                    "label": f"{number}: {percent_text(finding.confidence)}",
                    "definite": finding.grade is FindingGrade.DEFINITE,
                }
                for number, finding in enumerate(opinion.findings, 1)
            ],
            "warning": f"{sentences.verdict_headline(opinion)}. Not a diagnosis."
            if opinion.gate.out_of_scope
            else "",
        },
    )


def _serve(content: bytes, media_type: str, element: str) -> str:
    """Serve bytes from memory, as Streamlit serves images; returns their URL.

    Args:
        content: the bytes.
        media_type: for example "image/png".
        element: the part of the page; its earlier content is released.
    """
    url = runtime.get_instance().media_file_mgr.add(content, media_type, element)
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    return f"/{base}{url}" if base else url

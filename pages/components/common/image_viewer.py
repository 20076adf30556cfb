"""The film viewer: zoom, window, turn, overlay, all in the browser. Looked for on PyPI first: see docs/decisions.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit import runtime

from fracture_core import paths
from fracture_core.report import sentences

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Heatmap, Opinion

# One concept a file, one after the other in one module: the browser needs no build step and loads nothing.
_SCRIPTS = ("film", "place", "draw", "keys", "pointer", "viewer")


def _asset(name: str) -> str:
    return (paths.assets_dir() / "viewer" / name).read_text(encoding="utf-8")


_VIEWER = st.components.v2.component(
    "second_look_viewer",
    html=_asset("viewer.html"),
    css=_asset("viewer.css"),
    js="\n".join(_asset(f"{name}.js") for name in _SCRIPTS),
)


def show(opinion: Opinion, heat: Heatmap | None, name: str, key: str) -> None:
    """A film, and a heatmap over it as a layer of its own.

    The film is sent once, with its real grey values; another heatmap sends the layer alone. How it lies on the screen
    stays in the browser.

    Args:
        opinion: the film's.
        heat: what is laid over it; None for nothing.
        name: of the film, for pictures saved.
        key: tells one film from another, also in what the browser keeps of how it was left.
    """
    film, greys = opinion.film, opinion.packed_pixels
    _VIEWER(
        key=f"view {key} viewer",
        data={
            "id": key,
            "name": re.sub(r"\.\w+$", "", Path(name).name),
            "film": {
                "url": _served(greys.packed, "application/octet-stream", "viewer film"),
                "width": film.width,
                "height": film.height,
                "columns": greys.columns,
                "rows": greys.rows,
                "bits": greys.bits,
            },
            "spacing": film.spacing,
            "layer": _served(heat.layer, "image/png", "viewer heatmap")
            if heat and heat.has_evidence
            else None,
            "contours": heat.contours if heat else [],
            "warning": f"{sentences.verdict_headline(opinion)}. No diagnosis."
            if opinion.gate.out_of_scope
            else "",
        },
    )


def _served(content: bytes, kind: str, place: str) -> str:
    """Where the browser fetches something from this computer's memory, as Streamlit serves its own pictures.

    Args:
        content: the bytes.
        kind: their media type.
        place: what of the page they are for; what stood there before is forgotten.
    """
    url = runtime.get_instance().media_file_mgr.add(content, kind, place)
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    return f"/{base}{url}" if base else url

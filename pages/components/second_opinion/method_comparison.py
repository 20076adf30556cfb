"""Heatmaps of all methods side by side, and whether they agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from fracture_core.explain.methods import HEATMAP_METHODS
from fracture_core.imaging import encode_png
from pages.components.common import resources

if TYPE_CHECKING:
    from fracture_core.explain.heatmap_agreement import HeatmapAgreement
    from fracture_core.inference.predictor import Opinion

_COLUMNS = 3
_OPACITY, _PIXELS = 0.7, 480


def show(opinion: Opinion, key: str) -> None:
    """Draw a toggle; while it is on, draw the heatmap of every method and their agreement."""
    if len(opinion.methods) < 2:
        return
    compare = st.toggle("Compare methods", key=f"view {key} compare")
    if not compare:
        return
    with st.spinner("Computing all heatmaps: 5–10 seconds …", show_time=True):
        heats, agreement = resources.load_predictor(opinion.card).compare_methods(opinion)
    st.markdown(f"**{agreement_text(agreement)}**")
    grid = st.container(key="view-compare")
    names = list(heats)
    for start in range(0, len(names), _COLUMNS):
        for place, name in zip(grid.columns(_COLUMNS), names[start : start + _COLUMNS], strict=False):
            with place:
                st.image(
                    encode_png(opinion.render_overlay(_OPACITY, heats[name], _PIXELS)),
                    width="stretch",
                    output_format="PNG",
                )
                st.caption(f"{HEATMAP_METHODS[name].title}: {_location_text(name, agreement)}")


def agreement_text(agreement: HeatmapAgreement) -> str:
    """How many methods point at the same place, in one or two sentences."""
    count = len(agreement.together) + len(agreement.apart) + len(agreement.silent)
    if not agreement.together:
        return f"None of the {count} methods finds any evidence."
    if len(agreement.together) == 1 and not agreement.apart:
        text = f"Only {_titles(agreement.together)} finds any evidence."
    elif len(agreement.together) == 1:
        text = f"The {count} methods point at different places."
    else:
        text = f"{len(agreement.together)} of {count} methods point at the same place."
    if agreement.apart and len(agreement.together) > 1:
        text += f" Elsewhere: {_titles(agreement.apart)}."
    if agreement.silent:
        text += f" No evidence: {_titles(agreement.silent)}."
    return text


def _titles(names: tuple[str, ...]) -> str:
    return ", ".join(HEATMAP_METHODS[name].title for name in names)


def _location_text(name: str, agreement: HeatmapAgreement) -> str:
    if name in agreement.silent:
        return "no evidence"
    if name == agreement.together[0]:
        return "reference"
    return "same place" if name in agreement.together else "elsewhere"

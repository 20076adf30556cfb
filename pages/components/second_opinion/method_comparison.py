"""All methods side by side, and whether they point at one place."""

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
    """A button, and once it was pressed every method as a small picture under a sentence on their agreement."""
    if len(opinion.methods) < 2:
        return
    chosen = st.toggle("Compare the methods", key=f"view {key} compare")
    if not chosen:
        return
    with st.spinner("Asking the model by every method: five to ten seconds …", show_time=True):
        heats, found = resources.load_predictor(opinion.card).compare_methods(opinion)
    st.markdown(f"**{sentence(found)}**")
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
                st.caption(f"{HEATMAP_METHODS[name].title}: {_word(name, found)}")


def sentence(found: HeatmapAgreement) -> str:
    """The agreement in words."""
    asked = len(found.together) + len(found.apart) + len(found.silent)
    if not found.together:
        return f"None of the {asked} methods finds any evidence."
    if len(found.together) == 1 and not found.apart:
        words = f"Only {_titles(found.together)} finds any evidence."
    elif len(found.together) == 1:
        words = f"The {asked} methods point at different places."
    else:
        words = f"{len(found.together)} of {asked} methods point at the same place."
    if found.apart and len(found.together) > 1:
        words += f" Elsewhere: {_titles(found.apart)}."
    if found.silent:
        words += f" No evidence: {_titles(found.silent)}."
    return words


def _titles(names: tuple[str, ...]) -> str:
    return ", ".join(HEATMAP_METHODS[name].title for name in names)


def _word(name: str, found: HeatmapAgreement) -> str:
    if name in found.silent:
        return "no evidence"
    if name == found.together[0]:
        return "held against"
    return "same place" if name in found.together else "elsewhere"

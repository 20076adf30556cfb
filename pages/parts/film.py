"""A film on the screen, with where the model looked."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING

import streamlit as st

from fracture_core.imaging import legend, to_png

if TYPE_CHECKING:
    from fracture_core.opinion import Opinion

_METHOD = (
    "Grad-CAM: where the film raised the model's suspicion, on one scale for all films. It shows what the model used, "
    "not where a fracture is."
)
_MAP = (
    "Fracture map: how likely the model takes each place to be broken. It was taught from fractures that people had "
    "marked, and the verdict is read off it."
)
_VIEWS = ("Grad-CAM", "Fracture map")
_NOTHING = "No positive evidence: nothing in this film raised the model's suspicion, so there is no heatmap."


@st.fragment
def viewer(opinion: Opinion, name: str, key: str) -> None:
    """The film under its heatmap, with an opacity slider.

    A fragment: moving the slider blends again and does nothing else.

    Args:
        opinion: what to show.
        name: of the film, for the download.
        key: tells the widgets of one film from those of another.
    """
    if opinion.heat is None or not opinion.heat.any:
        st.image(to_png(opinion.picture(0.0)), width="stretch", output_format="PNG")
        if opinion.heat is not None:
            st.caption(_NOTHING)
        return
    heat, ends, words = opinion.heat, ("little evidence", "strong"), f"{_METHOD} {_pointing(opinion)}"
    if opinion.fracture_map is not None:
        chosen = st.segmented_control(
            "What is laid over the film", _VIEWS, default=_VIEWS[0], required=True, key=f"view {key}"
        )
        if chosen == _VIEWS[1]:
            heat, ends, words = opinion.fracture_map, ("0%", "100% likely broken here"), _MAP
    opacity = st.slider("Heatmap opacity", 0, 100, 55, 5, format="%d%%", key=f"opacity {key}") / 100
    st.html(
        f'<div class="legend"><span>{ends[0]}</span>'
        f'<img alt="Colour scale of the heatmap" src="data:image/png;base64,{_strip()}"><span>{ends[1]}</span></div>'
    )
    # Streamlit's own choice is JPEG, which loses what fine lines are made of.
    st.image(to_png(opinion.picture(opacity, heat)), width="stretch", output_format="PNG")
    st.caption(words)
    st.download_button(
        "Save this picture",
        data=lambda: to_png(opinion.picture(opacity, heat)),
        file_name=f"{name.rsplit('.', 1)[0]}.second-look.png",
        mime="image/png",
        on_click="ignore",
        key=f"save {key}",
    )


def _pointing(opinion: Opinion) -> str:
    """How far to trust the map of this model."""
    found = opinion.card.test_pointing
    if found is None:
        return ""
    return (
        f"On fractured test films its strongest point lay in the marked fracture in {round(found.value * found.n)} of "
        f"{found.n}."
    )


@lru_cache(maxsize=1)
def _strip() -> str:
    return base64.b64encode(to_png(legend(256, 8))).decode()

"""A film on the screen, with where the model looked."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING

import streamlit as st

from fracture_core.explain.methods import GRAD_CAM, HEATMAP_METHODS, HeatmapMethod
from fracture_core.imaging import encode_png, render_legend
from fracture_core.vocabulary import label_text, rephrase_for_finding
from pages.components.common import boundary, image_viewer, resources
from pages.components.second_opinion import method_comparison

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Heatmap, Opinion


@boundary.fragment
def show_viewer(opinion: Opinion, name: str, key: str) -> None:
    """The film in its viewer, with a heatmap of the user's choice.

    A fragment: another method asks the model for that map and does nothing else.

    Args:
        opinion: what to show.
        name: of the film, for pictures saved.
        key: tells the widgets of one film from those of another.
    """
    if opinion.heat is None:
        image_viewer.show(opinion, None, name, key)
        return
    # The film comes first on the page, and what chooses its heatmap after it.
    place = st.container()
    method, label = _choice(opinion, key)
    finding = opinion.card.finding
    heat = None if label == 0 and method.against else _look(opinion, method, label)
    with place:
        image_viewer.show(opinion, heat, name, key)
        _legend(method)
    st.caption(_said(opinion, method, label, heat))
    st.caption(
        rephrase_for_finding(
            f"{method.title}: {method.shows} {method.trust} {_pointing(opinion, method)}", finding
        )
    )
    st.caption(_sent(opinion))
    method_comparison.show(opinion, key)


def _choice(opinion: Opinion, key: str) -> tuple[HeatmapMethod, int]:
    """Which method, and evidence for which label."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        name = st.selectbox(
            "Where it looked, by",
            [method.name for method in opinion.methods],
            format_func=lambda name: HEATMAP_METHODS[name].title,
            key=f"view {key} method",
            width=240,
        )
        label = st.segmented_control(
            "Evidence for",
            [1, 0],
            default=1,
            required=True,
            format_func=lambda label: label_text(label, opinion.card.finding),
            key=f"view {key} label",
        )
    return HEATMAP_METHODS[name], label


def _look(opinion: Opinion, method: HeatmapMethod, label: int) -> Heatmap:
    wait = (
        f"{method.title} asks the model many times: five to ten seconds …"
        if method.slow
        else "Asking the model …"
    )
    with st.spinner(wait, show_time=method.slow):
        return resources.load_predictor(opinion.card).explain(opinion, method.name, label)


def _said(opinion: Opinion, method: HeatmapMethod, label: int, heat: Heatmap | None) -> str:
    """What the map amounts to, in words: faint colour is easily overlooked, and no colour is an answer."""
    told = label_text(label, opinion.card.finding)
    if heat is None:
        return rephrase_for_finding(method.against, opinion.card.finding)
    if not heat.has_evidence:
        return f"No positive evidence: nothing in this film speaks to the model for {told}, so there is no heatmap."
    share = min(1.0, heat.strength)
    strongest = (
        f"The strongest place reaches {share:.0%} of the scale"
        if share >= 0.005
        else ("The strongest place reaches less than 1% of the scale: hardly any evidence")
    )
    outlined = "" if heat.contours else ", too little for a contour, which begins at half"
    return f"Evidence for {told}. {strongest}{outlined}."


def _pointing(opinion: Opinion, method: HeatmapMethod) -> str:
    """How far to trust the map of this model."""
    found = opinion.card.test_pointing
    if found is None or method != GRAD_CAM:
        return ""
    return (
        f"On fractured test films its strongest point lay in the marked fracture in {round(found.value * found.n)} of "
        f"{found.n}."
    )


def _sent(opinion: Opinion) -> str:
    """What the browser works on."""
    spacing = opinion.film.spacing
    ruler = (
        f"The ruler follows the {spacing[1]:.3g} mm a pixel that the file states: at the detector, if it was not "
        "calibrated."
        if spacing
        else "The file states no size of its pixels, so lengths are in pixels."
    )
    return (
        f"Shown from {opinion.packed_pixels.description}; the window acts on these values. {ruler} Press ? for all "
        f"keys."
    )


def _legend(method: HeatmapMethod) -> None:
    low, high = _ENDS[method.unit]
    st.html(
        f'<div class="legend"><span>{low}</span>'
        f'<img alt="Colour scale of the heatmap" src="data:image/png;base64,{_strip()}"><span>{high}</span></div>'
    )


# The ends of the scale in words, by what a map's values are.
_STRONG = "as strong as in the clearest 1 of 10 fractured films"
_ENDS = {
    "evidence": ("no evidence", _STRONG),
    "sensitivity": ("no effect", _STRONG),
    "chance": ("0%", "100% likely broken here"),
}


@lru_cache(maxsize=1)
def _strip() -> str:
    return base64.b64encode(encode_png(render_legend(256, 8))).decode()

"""The tab *Explain*: heatmap methods, evidence for either label, and their agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from fracture_core.explain.methods import GRAD_CAM, HEATMAP_METHODS, HeatmapMethod
from fracture_core.explain.trust_record import TEST_TITLES, failed_text
from fracture_core.installation import has_tensorflow
from fracture_core.vocabulary import label_text, rephrase_for_finding
from pages.components.common import resources, viewer
from pages.components.second_opinion import method_comparison
from pages.components.second_opinion.workspace import Layer

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Heatmap, Opinion
    from fracture_core.inference.study import StudyImage
    from fracture_core.registry.card import ModelCard


def show(image: StudyImage) -> Layer | None:
    """Draw the choice of the heatmap and texts about it.

    Args:
        image: the open image.

    Returns:
        The chosen heatmap for the viewer; None if the image has no verdict.

    Raises:
        SecondLookError: the heatmap could not be computed.
    """
    opinion = image.opinion
    if opinion is None or opinion.verdict is None:
        st.caption("This image has no verdict to explain.")
        return None
    if image.study.needs_heatmap(opinion):
        with st.spinner("Computing Grad-CAM. The first heatmap takes about 10 seconds …", show_time=True):
            opinion = image.study.explain_image(image) or opinion
    if opinion.heat is None:
        return None
    method, label = _choice(opinion, image.key)
    finding = opinion.card.finding
    heat = None if label == 0 and method.against else _explain(opinion, method, label)
    st.caption(_strength_text(opinion, method, label, heat))
    st.caption(
        rephrase_for_finding(
            f"{method.title}: {method.shows} {method.trust} {_pointing(opinion, method)}", finding
        )
    )
    if trusted := trust_text(opinion.card, method.name):
        st.caption(rephrase_for_finding(trusted, finding))
    st.caption(_viewer_note(opinion))
    if not has_tensorflow():
        st.caption(
            "Other heatmap methods and evidence for no fracture need TensorFlow, which is not installed here: "
            "`pip install -r requirements.txt`."
        )
    method_comparison.show(opinion, image.key)
    return Layer(heat, viewer.LEGEND_ENDS[method.unit], turned_on=True)


def _choice(opinion: Opinion, key: str) -> tuple[HeatmapMethod, int]:
    """Ask for the heatmap method and for the label whose evidence it shows."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        name = st.selectbox(
            "Heatmap method",
            [method.name for method in opinion.methods],
            format_func=_method_titles(opinion).__getitem__,
            key=f"view {key} method",
            width=300,
        )
        if not has_tensorflow():
            return HEATMAP_METHODS[name], 1
        # Streamlit keeps the function until the session ends; it must not hold the opinion.
        words = {label: label_text(label, opinion.card.finding) for label in (1, 0)}
        label = st.segmented_control(
            "Evidence for",
            list(words),
            default=1,
            required=True,
            format_func=words.__getitem__,
            key=f"view {key} label",
        )
    return HEATMAP_METHODS[name], label


def _method_titles(opinion: Opinion) -> dict[str, str]:
    """Title of each method, with the trust tests that it does not pass.

    Streamlit keeps the function of a select box until the session ends, so it must not hold the opinion.
    """
    trust = opinion.card.heatmap_trust
    titles = {}
    for method in opinion.methods:
        failed = trust.failed(method.name) if trust else ()
        titles[method.name] = f"{method.title} ({failed_text(failed)})" if failed else method.title
    return titles


def trust_text(card: ModelCard, method: str) -> str:
    """Say which trust tests a method passes, and why the default method is shown first; "" without tests."""
    trust = card.heatmap_trust
    if trust is None or method not in trust.methods:
        return ""
    failed = trust.failed(method)
    passed = "fails the trust tests for " + ", ".join(TEST_TITLES[name].lower() for name in failed)
    result = f"{HEATMAP_METHODS[method].title} {passed if failed else 'passes all trust tests'}"
    first = ""
    if method == trust.best:
        first = " It is shown first because no other method fails fewer and localises better."
    return f"{result} on {trust.images:,} images with annotated fractures (Failures, tab Heatmaps).{first}"


def _explain(opinion: Opinion, method: HeatmapMethod, label: int) -> Heatmap:
    message = f"Computing {method.title}: 5–10 seconds …" if method.slow else "Computing the heatmap …"
    with st.spinner(message, show_time=method.slow):
        return resources.load_predictor(opinion.card).explain(opinion, method.name, label)


def _strength_text(opinion: Opinion, method: HeatmapMethod, label: int, heat: Heatmap | None) -> str:
    """The strength of the heatmap in words, because faint colour is easily overlooked."""
    name = label_text(label, opinion.card.finding)
    if heat is None:
        return rephrase_for_finding(method.against, opinion.card.finding)
    if not heat.has_evidence:
        return f"No heatmap: the model found no evidence for {name} in this image."
    share = min(1.0, heat.strength)
    strongest = (
        f"The strongest point reaches {share:.0%} of the scale"
        if share >= 0.005
        else "The strongest point reaches less than 1% of the scale: almost no evidence"
    )
    outlined = "" if heat.contours else "; contours start at 50%"
    return f"Evidence for {name}. {strongest}{outlined}."


def _pointing(opinion: Opinion, method: HeatmapMethod) -> str:
    """How often this model's heatmap pointed at the fracture."""
    found = opinion.card.test_pointing
    if found is None or method != GRAD_CAM:
        return ""
    return (
        f"In {round(found.value * found.n)} of {found.n} fractured test images, its strongest point was inside a "
        "marked fracture."
    )


def _viewer_note(opinion: Opinion) -> str:
    """What the viewer's grey values and ruler are based on."""
    spacing = opinion.film.spacing
    ruler = (
        f"Lengths use the pixel spacing in the file, {spacing[1]:.3g} mm, which may refer to the detector."
        if spacing
        else "The file has no pixel spacing, so lengths are in pixels."
    )
    return f"Shown from {opinion.packed_pixels.description}. {ruler}"

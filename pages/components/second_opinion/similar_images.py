"""Similar training images with their labels."""

from __future__ import annotations

import html
from pathlib import Path

import numpy as np
import streamlit as st

from fracture_core.errors import ImageReadError, ModelError
from fracture_core.registry.card import ModelCard
from fracture_core.similar.neighbour_index import Neighbour, NeighbourIndex
from fracture_core.vocabulary import finding_with_article, label_text
from pages.components.common import boundary, case_images, data_folder, layout, resources
from pages.components.second_opinion import build_index, synthetic_examples


@boundary.fragment
def show(features: np.ndarray | None, card: ModelCard, synthetic: bool, asks: bool = True) -> None:
    """Draw the training images most similar to an image.

    Args:
        features: features of the image, float32 (channels,); None for a model without feature layers.
        card: card of the model.
        synthetic: whether to draw synthetic examples where the training images are not on this computer.
        asks: whether to ask for the folder of the training images; False where the page already does.
    """
    st.subheader("Similar training images", anchor=False)
    if features is None:
        st.caption("This model's architecture does not support image comparison.")
        return
    try:
        index = resources.load_neighbours(card)
    except ModelError as error:
        st.warning(layout.escape_markdown(str(error)))
        return
    if index is None:
        build_index.show(card)
        if synthetic:
            synthetic_examples.show(features, card)
        return
    neighbours = index.nearest(features)
    if index.is_far(neighbours[0]):
        st.info(
            "**No similar training image.** The nearest one is farther away than for 99% of the training images, so "
            "the verdict is less reliable."
        )
        return
    if index.is_same_film(neighbours[0]):
        st.warning(
            "**This image or a duplicate is in the training data**, labelled "
            f"*{label_text(neighbours[0].label, card.finding)}*. The verdict is not independent of that label."
        )
    with_finding = sum(near.label for near in neighbours)
    st.markdown(
        f"**{with_finding or 'None'} of the {len(neighbours)} nearest training images show "
        f"{finding_with_article(card.finding)}.** "
        f"{_record(index, card)}"
    )
    root = data_folder.known_folder(card, neighbours[0].path)
    st.html(f'<div class="near">{"".join(_card(near, card, root, index) for near in neighbours)}</div>')
    st.caption(
        f"From {len(index.cases):,} training images, at most one per group, compared by features of the model's middle "
        f"layer. Labels: {layout.escape_markdown(_data(card))}."
    )
    if root is None and not asks:
        st.caption("These images are not in the dataset folder above.")
    elif root is None:
        with st.expander("Show images"):
            if data_folder.choose_folder(card, neighbours[0].path) is not None:
                st.rerun(scope="app")
        if synthetic:
            synthetic_examples.show(features, card)


def _record(index: NeighbourIndex, card: ModelCard) -> str:
    """How well neighbours predict the label, in one sentence."""
    found, finding = index.record, finding_with_article(card.finding)
    if not found.with_finding.is_measured or not found.without_finding.is_measured:
        return "How well neighbours predict the label has not been measured."
    figures = (
        f"the majority of neighbours had {finding} for {found.with_finding.text()} of the validation images with "
        f"{finding} and for {found.without_finding.text()} of the others"
    )
    if not found.is_informative:
        return f"Neighbours do not predict the label: {figures}."
    return f"{figures[0].upper()}{figures[1:]}."


def _card(near: Neighbour, card: ModelCard, root: Path | None, index: NeighbourIndex) -> str:
    """A neighbour as HTML: image where its folder is known, label, region and distance."""
    region = html.escape(", ".join(near.regions).capitalize() or "Region unknown")
    closeness = "same image" if index.is_same_film(near) else near.closeness
    return (
        f"<figure>{_picture(near, root)}<figcaption><b>{label_text(near.label, card.finding).capitalize()}</b>"
        f"<br>{region} · {closeness}<br><small>{html.escape(near.case)}, distance {near.distance:.2f}</small>"
        "</figcaption></figure>"
    )


def _picture(near: Neighbour, root: Path | None) -> str:
    if root is None:
        return ""
    try:
        return case_images.thumbnail_html(str(root), near.path, html.escape(f"Training image {near.case}"))
    except ImageReadError:
        return '<div class="blank">Not readable</div>'


def _data(card: ModelCard) -> str:
    return card.data.name.split(",")[0] if card.data else "training data"

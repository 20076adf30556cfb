"""Like this one: the nearest labelled training films of the model, and what they are worth."""

from __future__ import annotations

import html
from pathlib import Path

import numpy as np
import streamlit as st

from fracture_core.errors import ImageReadError, ModelError
from fracture_core.registry.card import ModelCard
from fracture_core.similar.neighbour_index import Neighbour, NeighbourIndex
from fracture_core.vocabulary import finding_with_article, label_text
from pages.components.common import boundary, case_images, data_folder, resources
from pages.components.second_opinion import build_index, synthetic_examples


@boundary.fragment
def show(features: np.ndarray | None, card: ModelCard, synthetic: bool, asks: bool = True) -> None:
    """The nearest training films of a film that was judged.

    Args:
        features: of the film, as the model sees it; None for a model without.
        card: the model's.
        synthetic: whether synthetic films may be drawn where the training films cannot be shown.
        asks: whether to ask for the folder of the training films; not where the page asks for it already.
    """
    st.subheader("Like this one", anchor=False)
    if features is None:
        st.caption("The architecture of this model has no features by which films could be compared.")
        return
    try:
        index = resources.load_neighbours(card)
    except ModelError as error:
        st.warning(str(error))
        return
    if index is None:
        build_index.show(card)
        if synthetic:
            synthetic_examples.show(features, card)
        return
    found = index.nearest(features)
    if index.is_far(found[0]):
        st.info(
            f"Nothing near exists: of {len(index.cases):,} training films none lies as near to this one as 99% of them "
            "have a neighbour. The model has hardly learnt from films like it, so trust its verdict less."
        )
        return
    if index.is_same_film(found[0]):
        st.warning(
            "This very film, or a copy of it, is among the training films: the model has seen its label, "
            f"*{label_text(found[0].label, card.finding)}*, so its verdict here proves nothing."
        )
    with_finding = sum(near.label for near in found)
    st.markdown(
        f"**{with_finding or 'None'} of the {len(found)} nearest training films show "
        f"{finding_with_article(card.finding)}.** "
        f"{_record(index, card)}"
    )
    root = data_folder.known_folder(card, found[0].path)
    st.html(f'<div class="near">{"".join(_card(near, card, root, index) for near in found)}</div>')
    st.caption(
        f"Out of {len(index.cases):,} training films, at most one of a group, by what the model's middle layer sees. "
        f"Labels are those of the data set, {_data(card)}."
    )
    if root is None and not asks:
        st.caption("Their pictures are not in the folder of the data set that is named above.")
    elif root is None:
        with st.expander("Show their pictures"):
            if data_folder.choose_folder(card, found[0].path) is not None:
                st.rerun(scope="app")
        if synthetic:
            synthetic_examples.show(features, card)


def _record(index: NeighbourIndex, card: ModelCard) -> str:
    """What neighbours are worth, in one sentence."""
    found, finding = index.record, finding_with_article(card.finding)
    if not found.broken.is_measured or not found.others.is_measured:
        return "How often neighbours tell the label has not been measured."
    figures = (
        f"on validation films, most neighbours had {finding} for a share of {found.broken.text()} of the films with "
        f"{finding}, and of {found.others.text()} of the others"
    )
    if not found.is_informative:
        return f"Neighbours of this model say nothing reliable about the label: {figures}."
    return f"What that is worth: {figures}."


def _card(near: Neighbour, card: ModelCard, root: Path | None, index: NeighbourIndex) -> str:
    """A neighbour: its picture where the data folder is known, its label, region and distance."""
    region = html.escape(", ".join(near.regions).capitalize() or "Region not named")
    closeness = "this very film" if index.is_same_film(near) else near.closeness
    return (
        f"<figure>{_picture(near, root)}<figcaption><b>{label_text(near.label, card.finding).capitalize()}</b>"
        f"<br>{region} · {closeness}<br><small>{html.escape(near.case)}, distance {near.distance:.2f}</small>"
        "</figcaption></figure>"
    )


def _picture(near: Neighbour, root: Path | None) -> str:
    if root is None:
        return ""
    try:
        return case_images.thumbnail_html(str(root), near.path, html.escape(f"Training film {near.case}"))
    except ImageReadError:
        return '<div class="blank">This film cannot be read.</div>'


def _data(card: ModelCard) -> str:
    return card.data.name.split(",")[0] if card.data else "its training"

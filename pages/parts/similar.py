"""Like this one: the nearest labelled training films of the model, and what they are worth."""

from __future__ import annotations

import html
from pathlib import Path

import numpy as np
import streamlit as st

from fracture_core.errors import ImageReadError, ModelError
from fracture_core.registry.card import Card
from fracture_core.similar.index import Index, Neighbour
from fracture_core.words import a_finding, label_words
from pages.parts import boundary, failures_films, folder, resources, similar_build, similar_drawn


@boundary.fragment
def show(features: np.ndarray | None, card: Card, synthetic: bool, asks: bool = True) -> None:
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
        index = resources.neighbours(card)
    except ModelError as error:
        st.warning(str(error))
        return
    if index is None:
        similar_build.show(card)
        if synthetic:
            similar_drawn.show(features, card)
        return
    found = index.nearest(features)
    if index.far(found[0]):
        st.info(
            f"Nothing near exists: of {len(index.cases):,} training films none lies as near to this one as 99% of them "
            "have a neighbour. The model has hardly learnt from films like it, so trust its verdict less."
        )
        return
    if index.seen(found[0]):
        st.warning(
            "This very film, or a copy of it, is among the training films: the model has seen its label, "
            f"*{label_words(found[0].label, card.finding)}*, so its verdict here proves nothing."
        )
    with_finding = sum(near.label for near in found)
    st.markdown(
        f"**{with_finding or 'None'} of the {len(found)} nearest training films show {a_finding(card.finding)}.** "
        f"{_record(index, card)}"
    )
    root = folder.known(card, found[0].path)
    st.html(f'<div class="near">{"".join(_card(near, card, root, index) for near in found)}</div>')
    st.caption(
        f"Out of {len(index.cases):,} training films, at most one of a group, by what the model's middle layer sees. "
        f"Labels are those of the data set, {_data(card)}."
    )
    if root is None and not asks:
        st.caption("Their pictures are not in the folder of the data set that is named above.")
    elif root is None:
        with st.expander("Show their pictures"):
            if folder.choose(card, found[0].path) is not None:
                st.rerun(scope="app")
        if synthetic:
            similar_drawn.show(features, card)


def _record(index: Index, card: Card) -> str:
    """What neighbours are worth, in one sentence."""
    found, finding = index.record, a_finding(card.finding)
    if not found.broken.measurable or not found.others.measurable:
        return "How often neighbours tell the label has not been measured."
    figures = (
        f"on validation films, most neighbours had {finding} for a share of {found.broken.text()} of the films with "
        f"{finding}, and of {found.others.text()} of the others"
    )
    if not found.tells:
        return f"Neighbours of this model say nothing reliable about the label: {figures}."
    return f"What that is worth: {figures}."


def _card(near: Neighbour, card: Card, root: Path | None, index: Index) -> str:
    """A neighbour: its picture where the data folder is known, its label, region and distance."""
    region = html.escape(", ".join(near.regions).capitalize() or "Region not named")
    closeness = "this very film" if index.seen(near) else near.closeness
    return (
        f"<figure>{_picture(near, root)}<figcaption><b>{label_words(near.label, card.finding).capitalize()}</b>"
        f"<br>{region} · {closeness}<br><small>{html.escape(near.case)}, distance {near.distance:.2f}</small>"
        "</figcaption></figure>"
    )


def _picture(near: Neighbour, root: Path | None) -> str:
    if root is None:
        return ""
    try:
        return failures_films.thumbnail(str(root), near.path, html.escape(f"Training film {near.case}"))
    except ImageReadError:
        return '<div class="blank">This film cannot be read.</div>'


def _data(card: Card) -> str:
    return card.data.name.split(",")[0] if card.data else "its training"

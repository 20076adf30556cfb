"""Warning about the model in use, and the caption of synthetic samples."""

import streamlit as st

from fracture_core.registry.card import ModelCard
from fracture_core.registry.release_checks import model_warning
from pages.components.common import layout
from pages.components.train import state


def show(card: ModelCard) -> None:
    """Draw a warning with a link to Train if the model in use is not reliable.

    Args:
        card: card of the model in use.
    """
    warning = model_warning(card)
    if not warning:
        return
    with st.container(key="model_banner"):
        text, link = st.columns([5, 1], vertical_alignment="center")
        text.markdown(layout.escape_markdown(warning))
        # A button: a link in Markdown would start a new session and lose the study.
        if link.button(
            "Choose a model", key="model_banner_train", type="tertiary", icon=":material/arrow_forward:"
        ):
            st.session_state[state.VIEW_KEY] = state.MODELS_VIEW
            st.switch_page("pages/train.py")


def sample_caption(card: ModelCard) -> str:
    """Return the caption of a synthetic sample; it depends on the training data of the model.

    Args:
        card: card of the model in use.
    """
    training = {
        True: "The model in use was trained on synthetic images too, so its answer says nothing about its skill on "
        "radiographs of patients.",
        False: "The model in use was trained on real radiographs, so its answer here does not show its skill.",
        None: "Whether the model in use was trained on real radiographs is not recorded, so its answer here does not "
        "show its skill.",
    }[card.synthetic]
    return f"A synthetic image, drawn by this app. {training} Drop your own images above to replace it."

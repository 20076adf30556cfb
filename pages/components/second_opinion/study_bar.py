"""The bar above a study: patient, date, side and view, number of images, *Add images* and *New study*."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from fracture_core.imaging.formats import may_be_dicom
from fracture_core.imaging.study_header import StudyHeader, read_study_header
from pages.components.common import boundary
from pages.components.second_opinion import study_content, study_session

if TYPE_CHECKING:
    from fracture_core.inference.study import StudyImage


# It starts with "page", so that it survives a new study: who hides one patient wants to hide the next.
_HIDDEN = "page hides patient"


def show(images: Sequence[StudyImage]) -> None:
    """Draw the bar.

    Args:
        images: the images of the study.
    """
    header = _header(images)
    hidden = bool(st.session_state.get(_HIDDEN))
    with st.container(key="study_bar", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(_facts_html(images, header, hidden), width="stretch")
        if header.patient:
            st.button(
                "Show patient" if hidden else "Hide patient",
                key="study bar patient",
                type="tertiary",
                on_click=boundary.callback(_toggle_patient),
            )
        st.button(
            "Add images",
            key="study_bar_add",
            help="Or drop images anywhere on this page.",
            icon=":material/add:",
        )
        st.button(
            "New study",
            key="study_bar_new",
            icon=":material/restart_alt:",
            on_click=boundary.callback(study_session.forget_study),
            help="Removes the images, file names and answers of this study from memory.",
        )


def _header(images: Sequence[StudyImage]) -> StudyHeader:
    """The header of the first DICOM image. It is read again for each run and not kept."""
    first = next((image for image in images if may_be_dicom(image.content)), None)
    return StudyHeader() if first is None else read_study_header(first.content)


def _facts_html(images: Sequence[StudyImage], header: StudyHeader, hidden: bool) -> str:
    views = dict.fromkeys(study_content.image_view(image).text for image in images)
    if header.patient:
        patient = "Patient hidden" if hidden else header.patient
    else:
        patient = "No patient stated" if images else ""
    count = f"{len(images)} image{'s' if len(images) > 1 else ''}"
    facts = [header.study_date, ", ".join(filter(None, views)), count]
    return (
        f'<div class="study-facts"><b data-testid="patient">{html.escape(patient)}</b>'
        + "".join(f"<span>{html.escape(fact)}</span>" for fact in facts if fact)
        + "</div>"
    )


def _toggle_patient() -> None:
    st.session_state[_HIDDEN] = not st.session_state.get(_HIDDEN)

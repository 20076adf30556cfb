"""Second opinion: upload the images of a study; see verdict, findings and how far to trust them."""

from __future__ import annotations

import streamlit as st

from fracture_core.errors import SecondLookError
from fracture_core.inference.study import Study, StudyImage
from fracture_core.internal_errors import file_boundary
from fracture_core.registry.card import ModelCard
from pages.components.common import boundary, layout, model_banner, resources
from pages.components.second_opinion import (
    downloads,
    intake,
    selection,
    study_bar,
    study_session,
    workspace,
)

# Seconds to wait for more answers after the first, so that a short study is drawn only once.
_WAIT_FOR_MORE = 0.4

#: Seconds between two updates while a study is analysed.
_EVERY = 0.6

_TABS = ("Report", "Explain", "Similar images")


def main() -> None:
    """Draw the page."""
    card = resources.card_in_use()
    # Every part has its place from the start. Otherwise a workspace would move when a message appears above it, and
    # the browser would show that of the previous study beside the new one for a moment.
    notices, bar, choice, progress, content = (st.container() for _ in range(5))
    with notices:
        model_banner.show(card)
        if study_session.is_forgotten():
            st.success("Study cleared: its images, file names and answers are no longer in memory.")
    with choice:
        files = intake.choose_files()
    if files is None:
        return
    if not files:
        study_session.end_study()
        return
    study = study_session.current_study(files, card)
    with bar:
        study_bar.show(study.images())
    with progress:
        images = _wait_for_first_answer(study)
    waits = any(image.waits for image in images)
    with content:
        boundary.fragment(_show_study, run_every=_EVERY if waits else None)(study, card, waits)


def _wait_for_first_answer(study: Study) -> list[StudyImage]:
    """The images of the study, once the first has an answer."""
    images = study.images()
    if any(image.waits for image in images) and not any(image.summary for image in images):
        with st.spinner("Analysing the first image …"):
            study.wait_for_first(_WAIT_FOR_MORE)
        images = study.images()
    return images


def _show_study(study: Study, card: ModelCard, waited: bool) -> None:
    """Draw workspace and tabs, and update them while images are analysed."""
    images = study.images()
    if any(image.waits for image in images) != waited:
        st.rerun()  # the page then asks less often, or more often
    chosen = selection.opened_image(images)
    place = st.container(key="workspace")
    if waited:
        # Widgets would be redrawn with every update.
        with place:
            workspace.show(study, images, chosen, card)
        return
    with st.container(key="below"):
        report, explain, similar = st.tabs(_TABS, key="below tabs", on_change="rerun")
    if not explain.open:
        # The image first; the rest may take longer.
        with place:
            workspace.show(study, images, chosen, card)
    if report.open:
        with report:
            _show_downloads(images, chosen)
    if explain.open:
        with explain:
            layer = _explain(chosen)
        with place:
            workspace.show(study, images, chosen, card, layer)
    if similar.open:
        with similar:
            _show_similar(images, chosen)


def _show_downloads(images: list[StudyImage], chosen: StudyImage) -> None:
    try:
        with file_boundary():
            downloads.show(images, chosen)
    except SecondLookError as error:
        st.error(layout.escape_markdown(f"{chosen.name}: {error}"))


def _explain(chosen: StudyImage) -> workspace.Layer | None:
    # Imported here, because most visits do not need it.
    from pages.components.second_opinion import explain

    try:
        with file_boundary():
            return explain.show(chosen)
    except SecondLookError as error:
        st.error(layout.escape_markdown(f"{chosen.name}: {error}"))
        return None


def _show_similar(images: list[StudyImage], chosen: StudyImage) -> None:
    from pages.components.second_opinion import similar_images

    opinion = chosen.opinion
    if opinion is None or opinion.verdict is None or opinion.gate.refusal:
        st.caption("This image has no reliable verdict, so no training images are compared with it.")
        return
    similar_images.show(opinion.features, opinion.card, not any(other.waits for other in images))


main()

"""Second opinion: upload the images of a study; see verdict, probability and heatmap."""

import streamlit as st

from fracture_core.errors import SecondLookError
from fracture_core.inference.study import Study, StudyImage
from fracture_core.internal_errors import file_boundary
from fracture_core.registry.card import ModelCard
from fracture_core.report import sentences
from pages.components.common import boundary, layout, model_banner, resources
from pages.components.second_opinion import (
    answer,
    downloads,
    explained_image,
    findings,
    image_strip,
    intake,
    study_session,
)

# Seconds to wait for more answers after the first, so that a short study is drawn only once.
_WAIT_FOR_MORE = 0.4


def main() -> None:
    """Draw the page."""
    card = resources.card_in_use()
    model_banner.show(card)
    if study_session.is_forgotten():
        st.success("Study cleared: its images, file names and answers are no longer in memory.")
    files = intake.choose_files()
    if files is None:
        return
    if not files:
        study_session.end_study()
        return
    study = study_session.current_study(files, card)
    images = _wait_for_first_answer(study)
    if len(images) > 1:
        image_strip.show(study, images, card)
    image = image_strip.opened_image(images)
    try:
        with file_boundary():
            _show_image(image, card, downloads.image_label(images, image))
            downloads.show(images, image)
    except SecondLookError as error:
        st.error(layout.escape_markdown(f"{image.name}: {error}"))
    st.button(
        "Clear study",
        on_click=boundary.callback(study_session.forget_study),
        help="Removes the images, file names and answers from memory.",
    )
    opinion = image.opinion
    if opinion is not None and opinion.verdict is not None and not opinion.gate.out_of_scope:
        # Imported here, because the landing page does not need it.
        from pages.components.second_opinion import similar_images

        similar_images.show(opinion.features, opinion.card, not any(other.waits for other in images))


def _wait_for_first_answer(study: Study) -> list[StudyImage]:
    """The images of the study, once the first has an answer."""
    images = study.images()
    if any(image.waits for image in images) and not any(image.summary for image in images):
        with st.spinner("Analysing the first image …"):
            study.wait_for_first(_WAIT_FOR_MORE)
        images = study.images()
    return images


def _show_image(image: StudyImage, card: ModelCard, label: str) -> None:
    """Draw one image beside its verdict; a picture saved of it is named after the label."""
    if image.waits:
        st.info(layout.escape_markdown(f"{image.name} has not been analysed yet."))
        return
    opinion = image.opinion
    if opinion is None:
        # An image that could be read at first and not again has its error in a new entry.
        error = image.error or next(
            (other.error for other in image.study.images() if other.key == image.key), ""
        )
        st.error(layout.escape_markdown(f"{image.name}: {error}"))
        return
    with st.container(key="reading"):
        left, right = st.columns([3, 2], gap="large")
    with right:
        st.subheader(layout.escape_markdown(image.name), anchor=False)
        st.caption(f"{opinion.film.kind}, {opinion.film.width} × {opinion.film.height} pixels")
        if opinion.gate.withheld:
            answer.withheld(opinion.gate, study_session.answer_anyway, image.key)
        elif opinion.verdict is None or opinion.probability is None:
            answer.show_rejection(opinion)
        else:
            answer.show_verdict(opinion.verdict, opinion.probability, card, opinion.gate.out_of_scope)
            answer.show_reasons(opinion.gate)
            if opinion.gate.out_of_scope:
                st.markdown(sentences.NO_RECORD_OUT_OF_SCOPE)
            else:
                answer.show_meaning(opinion)
                findings.show(opinion)
                answer.show_record(opinion, image.key)
            answer.show_limits(card)
    with left, st.container(key="viewer"):
        if image.study.needs_heatmap(opinion):
            opinion = explained_image.explain_image(image, opinion, label)
        explained_image.show_viewer(opinion, label, image.key)


main()

"""Second opinion: films in; verdict, probability and where the model looked out."""

from functools import partial

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
    image_strip,
    intake,
    similar_images,
    study_session,
)

# Seconds that the page waits for the other films of a study after the first.
_PATIENCE = 0.4


def main() -> None:
    """The page."""
    layout.show_title(
        "Second opinion",
        "Drop the films of a study, single, in a zip or in a folder: PNG, JPEG, TIFF, BMP, WebP or DICOM. They stay in "
        "this computer's memory and are written nowhere.",
    )
    card = resources.card_in_use()
    model_banner.show(card)
    if study_session.is_forgotten():
        st.success(
            "The study is forgotten: its films, names and answers are gone from this session's memory."
        )
    films = intake.choose_files()
    if films is None:
        return
    if not films:
        study_session.end_study()  # what was removed is forgotten
        return
    reading = study_session.current_study(films, card)
    entries = _first(reading)
    if len(entries) > 1:
        image_strip.show(reading, entries, card)
    entry = image_strip.opened_image(entries)
    try:
        with file_boundary():
            _answer(entry, card, downloads.image_label(entries, entry))
            downloads.show(entries, entry)
    except SecondLookError as error:
        st.error(layout.escape_markdown(f"{entry.name}: {error}"))
    st.button(
        "Forget this study",
        on_click=boundary.callback(study_session.forget_study),
        help="Empties this session's memory of films, names and answers.",
    )
    opinion = entry.opinion
    if opinion is not None and opinion.verdict is not None and not opinion.gate.out_of_scope:
        similar_images.show(opinion.features, opinion.card, not any(other.waits for other in entries))


def _first(reading: Study) -> list[StudyImage]:
    """The films, once there is an answer to show."""
    entries = reading.images()
    if any(entry.waits for entry in entries) and not any(entry.summary for entry in entries):
        with st.spinner("Reading the first film …"):
            reading.wait_for_first(_PATIENCE)
        entries = reading.images()
    return entries


def _answer(entry: StudyImage, card: ModelCard, label: str) -> None:
    """One film and what the model says of it; a picture saved of it is called by the label."""
    if entry.waits:
        st.info(layout.escape_markdown(f"{entry.name} is still to be read."))
        return
    opinion = entry.opinion
    if opinion is None:
        # An image that could be read once and not again has its error in a new entry.
        error = entry.error or next(
            (other.error for other in entry.study.images() if other.key == entry.key), ""
        )
        st.error(layout.escape_markdown(f"{entry.name}: {error}"))
        return
    with st.container(key="reading"):
        left, right = st.columns([3, 2], gap="large")
    with right:
        st.subheader(layout.escape_markdown(entry.name), anchor=False)
        st.caption(f"{opinion.film.kind}, {opinion.film.width} × {opinion.film.height} pixels")
        if opinion.gate.withheld:
            answer.withheld(opinion.gate, partial(entry.study.answer_anyway, entry), entry.key)
        elif opinion.verdict is None or opinion.probability is None:
            answer.show_rejection(opinion)
        else:
            answer.show_verdict(opinion.verdict, opinion.probability, card, opinion.gate.out_of_scope)
            answer.show_reasons(opinion.gate)
            if opinion.gate.out_of_scope:
                st.markdown(sentences.NO_RECORD_OUT_OF_SCOPE)
            else:
                answer.show_meaning(opinion)
                answer.show_record(opinion, entry.key)
            answer.show_limits(card)
    with left, st.container(key="viewer"):
        explained_image.show_viewer(opinion, label, entry.key)


main()

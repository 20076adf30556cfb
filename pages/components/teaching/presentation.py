"""A teaching file as a lesson: its films looked at, shown one after the other, and taken along."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st

from fracture_core.datasets.layouts.phantom import PHANTOM_FILE
from fracture_core.errors import ImageReadError, ModelError
from fracture_core.imaging import blend_heatmap
from fracture_core.registry.card import ModelCard
from fracture_core.report.display_names import file_stem
from fracture_core.teaching.lesson import Lesson
from fracture_core.teaching.lesson_html import lesson_to_html
from fracture_core.teaching.lesson_pdf import lesson_to_pdf
from fracture_core.teaching.lesson_slide import LessonPresentation, LessonSlide
from fracture_core.vocabulary import verdict_text
from pages.components.common import boundary, case_images, layout
from pages.components.common.case_images import DisplayedCase
from pages.components.common.test_record import TestRecord
from pages.components.failures import case

#: Share of colour over the film where the evidence is strongest, and height of the lesson on the page in pixels.
_OPACITY, _HEIGHT = 0.6, 600


def show(record: TestRecord, root: Path, collection: Lesson) -> None:
    """Draws the lesson and offers it as files."""
    judged = set(record.test["id"])
    known = tuple(case for case in collection.cases if case in judged)
    gone = len(collection.cases) - len(known)
    if gone:
        st.warning(
            f"{gone} film{'s' * (gone > 1)} of this teaching file {'are' if gone > 1 else 'is'} not in the model’s "
            "record any more and left out."
        )
    slides, unreadable = _slides(record, str(root), known)
    if unreadable:
        st.warning(layout.escape_markdown(f"Left out, for they cannot be read: {', '.join(unreadable)}."))
    if not slides:
        st.info("There is no film to show.")
        return
    notes = {entry.case: entry.note for entry in collection.entries}
    lesson = LessonPresentation(
        collection.name,
        record.card.finding,
        record.card.title,
        record.card.thresholds.balanced,
        tuple(replace(slide, note=notes[case]) for case, slide in slides.items()),
    )
    page = _page(record.key, str(root), tuple(slides), collection, lesson)
    st.iframe(page, height=_HEIGHT, alt="The lesson, led by keys once it has the focus")
    st.caption(lesson.privacy_notice)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Download as one HTML page",
            data=page.encode(),
            file_name=f"{file_stem(collection.name)}.html",
            mime="text/html",
            on_click="ignore",
            help="Opens in any browser, without a network; it names no file.",
        )
        st.download_button(
            "Download as PDF",
            data=boundary.download(lambda: lesson_to_pdf(lesson)),
            file_name=f"{file_stem(collection.name)}.pdf",
            mime="application/pdf",
            on_click="ignore",
            help="Two pages a film: first the question, then the answer.",
        )


def _slides(
    record: TestRecord, root: str, cases: tuple[str, ...]
) -> tuple[dict[str, LessonSlide], tuple[str, ...]]:
    """Slides of a lesson; draws progress while some of them are still to be made.

    Args:
        record: the model's record.
        root: folder of the data set.
        cases: ids of the films, in order.

    Returns:
        Slides by case, without notes, and the films that cannot be read; nobody changes them.
    """
    made = _made(record.key, root, cases)
    if len(made) < len(cases):
        place = st.empty()
        rows = {row["id"]: row for row in record.test.to_dict("records")}
        for number, case in enumerate(cases, 1):
            place.progress(
                (number - 1) / len(cases), f"The model looks at the films, {number} of {len(cases)}"
            )
            if case not in made:
                made[case] = _slide(record, root, rows[case])
        place.empty()
    found = {case: slide for case in cases if (slide := made[case]) is not None}
    return found, tuple(case for case in cases if case not in found)


@st.cache_resource(max_entries=3, show_spinner=False)
def _made(key: str, root: str, cases: tuple[str, ...]) -> dict[str, LessonSlide | None]:
    """Slides by case that were made so far, None for a film that cannot be read.

    `_slides` fills it. A cached function draws nothing, or Streamlit fails when it repeats what was drawn.
    """
    return {}


def _slide(record: TestRecord, root: str, row: dict) -> LessonSlide | None:
    """The slide of one film, without its note; None where the film cannot be read."""
    look = _look(record.card, root, row["path"])
    if look is None:
        return None
    probability, thresholds = float(row["probability"]), record.card.thresholds
    return LessonSlide(
        film=look.film,
        overlay=_overlay(look),
        no_heat="" if look.heat is not None else case.no_heatmap_text(look),
        boxes=case_images.true_boxes(root).get(row["id"], ()),
        label=int(row["label"]),
        probability=probability,
        called=probability >= thresholds.balanced,
        verdict=verdict_text(thresholds.verdict(probability), record.card.finding),
        region=", ".join(row["regions"].split()),
        note="",
        synthetic=(Path(root) / PHANTOM_FILE).is_file(),
    )


@st.cache_resource(max_entries=3, show_spinner=False)
def _page(
    key: str, root: str, cases: tuple[str, ...], collection: Lesson, _lesson: LessonPresentation
) -> str:
    """The lesson as a page: all its pictures are encoded for it, and no widget below changes one."""
    return lesson_to_html(_lesson)


def _look(card: ModelCard, root: str, path: str) -> DisplayedCase | None:
    """What the model sees; the bare film where it cannot be asked; None where the film cannot be read."""
    try:
        try:
            return case_images.explain_case(card, root, path)
        except ModelError:
            return DisplayedCase(case_images.load_image(root, path), None, None, (), 1.0)
    except ImageReadError:
        return None


def _overlay(look: DisplayedCase) -> np.ndarray | None:
    if look.heat is None:
        return None
    return blend_heatmap(look.film / np.float32(255), look.heat / np.float32(255), _OPACITY)

"""A teaching file as a lesson: presentation on the page, and downloads as HTML and PDF."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path
from typing import Any

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

# Opacity of the heatmap where the evidence is strongest, and height of the lesson in pixels.
_OPACITY, _HEIGHT = 0.6, 600


def show(record: TestRecord, root: Path, lesson: Lesson) -> None:
    """Draw the lesson and its downloads.

    Args:
        record: the model and its test record.
        root: folder of the dataset.
        lesson: the teaching file.
    """
    tested = set(record.test["id"])
    cases = tuple(case for case in lesson.cases if case in tested)
    missing = len(lesson.cases) - len(cases)
    if missing:
        st.warning(
            f"{missing} image{'s' * (missing > 1)} of this teaching file {'are' if missing > 1 else 'is'} no longer in "
            "the test record of the model and left out."
        )
    slides, unreadable = _slides(record, str(root), cases)
    if unreadable:
        st.warning(layout.escape_markdown(f"Left out, because they cannot be read: {', '.join(unreadable)}."))
    if not slides:
        st.info("There is no image to show.")
        return
    notes = {entry.case: entry.note for entry in lesson.entries}
    presentation = LessonPresentation(
        lesson.name,
        record.card.finding,
        record.card.title,
        record.card.thresholds.balanced,
        tuple(replace(slide, note=notes[case]) for case, slide in slides.items()),
    )
    page = _render_page(record.key, str(root), tuple(slides), lesson, presentation)
    st.iframe(page, height=_HEIGHT, alt="The lesson; use the arrow keys when it has the focus")
    st.caption(presentation.privacy_notice)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Download as HTML",
            data=page.encode(),
            file_name=f"{file_stem(lesson.name)}.html",
            mime="text/html",
            on_click="ignore",
            help="One page that opens in any browser without a network. It contains no file names.",
        )
        st.download_button(
            "Download as PDF",
            data=boundary.download(lambda: lesson_to_pdf(presentation)),
            file_name=f"{file_stem(lesson.name)}.pdf",
            mime="application/pdf",
            on_click="ignore",
            help="Two pages per image: the question, then the answer.",
        )


def _slides(
    record: TestRecord, root: str, cases: tuple[str, ...]
) -> tuple[dict[str, LessonSlide], tuple[str, ...]]:
    """Make the slides of a lesson, with a progress bar for new ones.

    Args:
        record: the model and its test record.
        root: folder of the dataset.
        cases: ids of the images, in order.

    Returns:
        Slides by case, without notes, and ids of the images that cannot be read. They must not be changed.
    """
    made = _slide_cache(record.key, root, cases)
    if len(made) < len(cases):
        progress = st.empty()
        rows = {row["id"]: row for row in record.test.to_dict("records")}
        for number, case in enumerate(cases, 1):
            progress.progress((number - 1) / len(cases), f"Computing heatmaps, {number} of {len(cases)}")
            if case not in made:
                made[case] = _make_slide(record, root, rows[case])
        progress.empty()
    slides = {case: slide for case in cases if (slide := made[case]) is not None}
    return slides, tuple(case for case in cases if case not in slides)


@st.cache_resource(max_entries=3, show_spinner=False)
def _slide_cache(key: str, root: str, cases: tuple[str, ...]) -> dict[str, LessonSlide | None]:
    """Slides by case; None for an image that cannot be read.

    `_slides` fills it, because a cached function must not draw elements: Streamlit fails to replay them.
    """
    return {}


def _make_slide(record: TestRecord, root: str, row: dict[Hashable, Any]) -> LessonSlide | None:
    """The slide of one image, without its note; None if the image cannot be read."""
    displayed = _explain(record.card, root, row["path"])
    if displayed is None:
        return None
    probability, thresholds = float(row["probability"]), record.card.thresholds
    return LessonSlide(
        film=displayed.film,
        overlay=_overlay(displayed),
        no_heat="" if displayed.heat is not None else case.no_heatmap_text(displayed),
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
def _render_page(
    key: str, root: str, cases: tuple[str, ...], lesson: Lesson, _presentation: LessonPresentation
) -> str:
    """The lesson as HTML; cached, because all its images are encoded."""
    return lesson_to_html(_presentation)


def _explain(card: ModelCard, root: str, path: str) -> DisplayedCase | None:
    """The image with its heatmap; without it if the model cannot be loaded; None if the image cannot be read."""
    try:
        try:
            return case_images.explain_case(card, root, path)
        except ModelError:
            return case_images.load_image(root, path)
    except ImageReadError:
        return None


def _overlay(displayed: DisplayedCase) -> np.ndarray | None:
    if displayed.heat is None:
        return None
    return blend_heatmap(displayed.film / np.float32(255), displayed.heat / np.float32(255), _OPACITY)

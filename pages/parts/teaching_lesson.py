"""A teaching file as a lesson: its films looked at, shown one after the other, and taken along."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st

from fracture_core.data.layouts.phantom import MARK
from fracture_core.errors import ImageReadError, ModelError
from fracture_core.imaging import blend
from fracture_core.registry.card import Card
from fracture_core.report.names import stem
from fracture_core.teaching.collection import Collection
from fracture_core.teaching.html import to_html
from fracture_core.teaching.pdf import to_pdf
from fracture_core.teaching.slide import Lesson, Slide
from fracture_core.words import verdict_words
from pages.parts import failures_case, failures_films, layout
from pages.parts.failures_films import Look
from pages.parts.failures_record import Record

#: Share of colour over the film where the evidence is strongest, and height of the lesson on the page in pixels.
_OPACITY, _HEIGHT = 0.6, 600


def show(record: Record, root: Path, collection: Collection) -> None:
    """Draws the lesson and offers it as files."""
    judged = set(record.test["id"])
    known = tuple(case for case in collection.cases if case in judged)
    gone = len(collection.cases) - len(known)
    if gone:
        st.warning(
            f"{gone} film{'s' * (gone > 1)} of this teaching file {'are' if gone > 1 else 'is'} not in the model’s "
            "record any more and left out."
        )
    place = st.empty()
    slides, unreadable = _slides(
        record.key, str(root), known, record, lambda share, words: place.progress(share, words)
    )
    place.empty()
    if unreadable:
        st.warning(layout.plain(f"Left out, for they cannot be read: {', '.join(unreadable)}."))
    if not slides:
        st.info("There is no film to show.")
        return
    notes = {entry.case: entry.note for entry in collection.entries}
    lesson = Lesson(
        collection.name,
        record.card.finding,
        record.card.title,
        record.card.thresholds.balanced,
        tuple(replace(slide, note=notes[case]) for case, slide in slides.items()),
    )
    page = _page(record.key, str(root), tuple(slides), collection, lesson)
    st.iframe(page, height=_HEIGHT, alt="The lesson, led by keys once it has the focus")
    st.caption(lesson.duty)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Download as one HTML page",
            data=page.encode(),
            file_name=f"{stem(collection.name)}.html",
            mime="text/html",
            on_click="ignore",
            help="Opens in any browser, without a network; it names no file.",
        )
        st.download_button(
            "Download as PDF",
            data=lambda: to_pdf(lesson),
            file_name=f"{stem(collection.name)}.pdf",
            mime="application/pdf",
            on_click="ignore",
            help="Two pages a film: first the question, then the answer.",
        )


@st.cache_resource(max_entries=3, show_spinner=False)
def _slides(
    key: str, root: str, cases: tuple[str, ...], _record: Record, _tell
) -> tuple[dict[str, Slide], tuple[str, ...]]:
    """Slides by case, without notes, and the films that cannot be read; nobody changes them."""
    drawn = (Path(root) / MARK).is_file()
    boxes = failures_films.boxes(root)
    rows = {row["id"]: row for row in _record.test.to_dict("records")}
    found: dict[str, Slide] = {}
    unreadable = []
    for number, case in enumerate(cases, 1):
        _tell((number - 1) / len(cases), f"The model looks at the films, {number} of {len(cases)}")
        row = rows[case]
        look = _look(_record.card, root, row["path"])
        if look is None:
            unreadable.append(case)
            continue
        probability, thresholds = float(row["probability"]), _record.card.thresholds
        found[case] = Slide(
            film=look.film,
            overlay=_overlay(look),
            no_heat="" if look.heat is not None else failures_case.nothing(look),
            boxes=boxes.get(case, ()),
            label=int(row["label"]),
            probability=probability,
            called=probability >= thresholds.balanced,
            verdict=verdict_words(thresholds.verdict(probability), _record.card.finding),
            region=", ".join(row["regions"].split()),
            note="",
            synthetic=drawn,
        )
    return found, tuple(unreadable)


@st.cache_resource(max_entries=3, show_spinner=False)
def _page(key: str, root: str, cases: tuple[str, ...], collection: Collection, _lesson: Lesson) -> str:
    """The lesson as a page: all its pictures are encoded for it, and no widget below changes one."""
    return to_html(_lesson)


def _look(card: Card, root: str, path: str) -> Look | None:
    """What the model sees; the bare film where it cannot be asked; None where the film cannot be read."""
    try:
        try:
            return failures_films.look(card, root, path)
        except ModelError:
            return Look(failures_films.film(root, path), None, None, (), 1.0)
    except ImageReadError:
        return None


def _overlay(look: Look) -> np.ndarray | None:
    if look.heat is None:
        return None
    return blend(look.film / np.float32(255), look.heat / np.float32(255), _OPACITY)

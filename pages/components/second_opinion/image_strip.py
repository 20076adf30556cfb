"""Thumbnails of a study with their verdicts, and the verdict of the study."""

from __future__ import annotations

import html
from collections import Counter

import streamlit as st

from fracture_core.inference.study import Study, StudyImage
from fracture_core.registry.card import ModelCard
from fracture_core.report.sentences import BUT_OUT_OF_SCOPE, OUT_OF_SCOPE, percent_text
from fracture_core.vocabulary import Verdict, verdict_text
from pages.components.common import boundary, layout
from pages.components.second_opinion import answer, study_session

_FILM, _PAGE = "film", "strip page"

#: Thumbnails on a page of the strip, and in a row.
_SHOWN, _ROW = 16, 8

# Labels of images without a verdict.
_OUT_OF_SCOPE = "Out of scope"
_WITHOUT = ("No verdict", "Not readable", "Stopped")

#: Seconds between two updates while a study is analysed.
_EVERY = 0.6


def opened_image(images: list[StudyImage]) -> StudyImage:
    """The open image: the user's choice, else the most suspicious one, or the first with an answer so far.

    It stays open while other images are analysed.
    """
    chosen = next((image for image in images if image.key == st.session_state.get(_FILM)), None)
    if chosen is None:
        judged = [image for image in images if image.summary is not None]
        waits = any(image.waits for image in images)
        chosen = (judged[0] if waits and judged else _most_suspicious(images)) or (judged or images)[0]
        if judged or not waits:
            _open(chosen.key, images.index(chosen))
    return chosen


def show(study: Study, images: list[StudyImage], card: ModelCard) -> None:
    """Draw the strip, and update it while images are analysed.

    The whole page is redrawn when another image is opened, when the open one has an answer, and when the analysis
    starts or ends.
    """
    waits = any(image.waits for image in images)
    boundary.fragment(_live, run_every=_EVERY if waits else None)(
        study, card, waits, _seen(opened_image(images))
    )


def _live(study: Study, card: ModelCard, waited: bool, seen: tuple[str, bool]) -> None:
    images = study.images()
    waits = sum(image.waits for image in images)
    chosen = opened_image(images)
    if bool(waits) != waited or _seen(chosen) != seen:
        st.rerun()
    _together(images, chosen, card)
    if waits:
        left, right = st.columns([4, 1], vertical_alignment="center")
        ahead = study.studies_ahead()
        queue = f"; {ahead} {'study' if ahead == 1 else 'studies'} of other users first" if ahead else ""
        left.progress(
            1 - waits / len(images), text=f"Analysed {len(images) - waits} of {len(images)} images{queue}"
        )
        right.button(
            "Stop analysis",
            key="strip stop",
            on_click=boundary.callback(study_session.stop_analysis),
            width="stretch",
        )
    elif any(image.stopped for image in images):
        st.button(
            "Continue analysis", key="strip rest", on_click=boundary.callback(study_session.continue_analysis)
        )
    _films(images, chosen, card)
    _steps(images, chosen)


def _together(images: list[StudyImage], chosen: StudyImage, card: ModelCard) -> None:
    """Draw the verdict of the study: that of its most suspicious image in scope."""
    worst = _most_suspicious(images)
    waits = any(image.waits for image in images)
    counts = _counts_text(images, card)
    if worst is None or worst.summary is None or worst.summary.verdict is None:
        if not waits:
            verdict = OUT_OF_SCOPE if all(map(_out_of_scope, images)) else "no verdict"
            st.html(
                f'<div class="study" data-testid="study-verdict"><b>Study of {len(images)} images: {verdict}.</b> '
                f"{html.escape(counts)}</div>"
            )
        return
    verdict, share = worst.summary.verdict, percent_text(worst.summary.probability or 0.0)
    so_far, comma = (" so far", ",") if waits else ("", "")
    with st.container(horizontal=True, vertical_alignment="center", key="study-verdict"):
        st.html(
            f'<div class="study {answer.VERDICT_CLASSES[verdict]}" data-testid="study-verdict"><b>Study of '
            f"{len(images)} "
            f"images{comma}{so_far}: {html.escape(verdict_text(verdict, card.finding))}.</b> "
            f"Most suspicious{so_far}: {html.escape(worst.name)}, {share}. {html.escape(counts)}</div>"
        )
        if worst.key != chosen.key:
            st.button(
                "Open most suspicious",
                key="strip worst",
                on_click=boundary.callback(_open),
                args=(worst.key, images.index(worst)),
            )
    if not waits:
        st.caption(
            "The study has the verdict of its most suspicious image. Thresholds were chosen for single images, so "
            "false alarms are more likely in large studies."
        )


def _counts_text(images: list[StudyImage], card: ModelCard) -> str:
    """The number of images by verdict, and out of scope."""
    outside = sum(map(_out_of_scope, images))
    counts = Counter(_words(image, card) for image in images if not image.waits and not _out_of_scope(image))
    order = [*(verdict_text(verdict, card.finding).capitalize() for verdict in Verdict), *_WITHOUT]
    text = ", ".join(f"{words.lower()} {counts[words]}" for words in order if counts[words]).capitalize()
    scope = f"{outside} of {len(images)} images out of scope." if outside else ""
    return f"{text}. {scope}".strip() if text else scope


def _films(images: list[StudyImage], chosen: StudyImage, card: ModelCard) -> None:
    """Draw one page of thumbnails."""
    page = _page(images)
    shown = images[page * _SHOWN : (page + 1) * _SHOWN]
    strip = st.container(key="strip")
    for start in range(0, len(shown), _ROW):
        for place, image in zip(strip.columns(_ROW), shown[start : start + _ROW], strict=False):
            with place:
                if image.summary is not None:
                    st.image(image.summary.thumbnail, width="stretch", output_format="PNG")
                else:
                    st.html('<div class="blank"></div>')
                st.button(
                    f"**{_words(image, card)}**  \n{layout.escape_markdown(image.name.rsplit('/', 1)[-1])}",
                    key=f"choose {image.key}",
                    type="primary" if image.key == chosen.key else "secondary",
                    width="stretch",
                    on_click=boundary.callback(_open),
                    args=(image.key, images.index(image)),
                )


def _steps(images: list[StudyImage], chosen: StudyImage) -> None:
    """Draw the buttons to the previous and next image and page."""
    at = images.index(chosen)
    with st.container(horizontal=True, vertical_alignment="center", key="steps"):
        for words, key, step in (("Previous image", "p", -1), ("Next image", "n", 1)):
            st.button(
                words,
                key=f"strip {key}",
                shortcut=key,
                disabled=not 0 <= at + step < len(images),
                on_click=boundary.callback(_step),
                args=(step,),
            )
        st.caption(f"Image {at + 1} of {len(images)}")
        pages = _pages(images)
        if pages > 1:
            page = _page(images)
            for words, step in (("Previous page", -1), ("Next page", 1)):
                st.button(
                    words,
                    key=f"strip {words}",
                    disabled=not 0 <= page + step < pages,
                    on_click=boundary.callback(_turn),
                    args=(page + step,),
                )
            st.caption(f"Images {page * _SHOWN + 1}–{min((page + 1) * _SHOWN, len(images))} of {len(images)}")


def _pages(images: list[StudyImage]) -> int:
    return -(-len(images) // _SHOWN)


def _page(images: list[StudyImage]) -> int:
    """The current page of the strip, at most the last one."""
    return min(int(st.session_state.get(_PAGE, 0)), _pages(images) - 1)


def _seen(image: StudyImage) -> tuple[str, bool]:
    """Changes when the page has to be redrawn for the open image."""
    return image.key, image.waits


def _open(key: str, at: int) -> None:
    st.session_state[_FILM] = key
    st.session_state[_PAGE] = at // _SHOWN


def _step(by: int) -> None:
    """Move from the image that is open now, so that two quick key presses move two images."""
    images = study_session.study_images()
    at = images.index(opened_image(images)) + by if images else -1
    if 0 <= at < len(images):
        _open(images[at].key, at)


def _turn(page: int) -> None:
    st.session_state[_PAGE] = page


def _most_suspicious(images: list[StudyImage]) -> StudyImage | None:
    judged = [image for image in images if image.probability is not None and not _out_of_scope(image)]
    return max(judged, key=lambda image: image.probability or 0.0, default=None)


def _out_of_scope(image: StudyImage) -> bool:
    return image.summary is not None and image.summary.gate.out_of_scope


def _words(image: StudyImage, card: ModelCard) -> str:
    no_opinion, not_read, stopped = _WITHOUT
    if image.waits:
        return "Waiting"
    if image.summary is None:
        return stopped if image.stopped else not_read
    if image.summary.verdict is None:
        return _OUT_OF_SCOPE if image.summary.gate.withheld else no_opinion
    words = verdict_text(image.summary.verdict, card.finding).capitalize()
    return f"{words} {BUT_OUT_OF_SCOPE}" if image.summary.gate.out_of_scope else words

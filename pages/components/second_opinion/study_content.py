"""Texts of a study for the workspace: its verdict, its progress and its thumbnails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from fracture_core.imaging import Refusal
from fracture_core.imaging.study_header import ImageView, read_image_view
from fracture_core.inference.study_summary import StudySummary
from fracture_core.report.sentences import WITHHELD, percent_text
from fracture_core.vocabulary import Verdict, verdict_text

if TYPE_CHECKING:
    from fracture_core.inference.study import StudyImage
    from fracture_core.registry.card import ModelCard

#: Class names of the colours of verdicts.
VERDICT_TONES = {
    Verdict.SUSPECTED: "suspected",
    Verdict.UNCERTAIN: "uncertain",
    Verdict.NOT_SEEN: "not-seen",
}

_VIEWS = "image views"


def study_content(images: Sequence[StudyImage], card: ModelCard, ahead: int = 0) -> dict[str, Any]:
    """The verdict and progress of a study of several images.

    Args:
        images: its images.
        card: card of the model.
        ahead: studies of other users that have their turn before it.
    """
    summary = StudySummary.of([image.summary for image in images])
    waits = sum(image.waits for image in images)
    content: dict[str, Any] = {
        "title": f"Study of {len(images)} images{', so far' if waits else ':'}",
        "total": len(images),
        "tone": "none",
        "headline": "",
        "share": "",
        "counts": _counts_text(summary, images, card),
        "worst": None,
        "progress": None,
        "resume": not waits and any(image.stopped for image in images),
    }
    if waits:
        done = len(images) - waits
        queue = f"; {ahead} {'study' if ahead == 1 else 'studies'} of other users first" if ahead else ""
        content["progress"] = {
            "done": done,
            "total": len(images),
            "text": f"Analysed {done} of {len(images)} images{queue}",
            "stop": True,
        }
    if summary.verdict is None or summary.most_suspicious is None:
        # One reason for all images says more than “no verdict”.
        reason = next((kind for kind in Refusal if summary.refused[kind] == len(images)), None)
        if not waits:
            content["headline"] = "No verdict" if reason is None else WITHHELD[reason].capitalize()
        return content | {"tone": "waits" if waits else "none"}
    return content | {
        "tone": VERDICT_TONES[summary.verdict],
        "headline": verdict_text(summary.verdict, card.finding).capitalize(),
        "share": percent_text(summary.probability or 0.0),
        "worst": images[summary.most_suspicious].key,
    }


def thumbnail_content(image: StudyImage, card: ModelCard, url: str | None) -> dict[str, Any]:
    """One thumbnail.

    Args:
        image: the image.
        card: card of the model.
        url: where the browser finds its picture; None for none.
    """
    word, tone = _word(image, card)
    return {
        "key": image.key,
        "name": image.name.rsplit("/", 1)[-1],
        "word": word,
        "tone": tone,
        "share": "" if image.probability is None else percent_text(image.probability),
        "thumb": url,
        "warning": _warning(image),
        "view": image_view(image).text,
    }


def _warning(image: StudyImage) -> str:
    """Why the image needs attention; "" if it does not."""
    if image.summary is not None:
        return " ".join(image.summary.gate.reasons)
    return "" if image.stopped else image.error


def image_view(image: StudyImage) -> ImageView:
    """Side and view of an image from its header, read once."""
    views: dict[str, ImageView] = st.session_state.setdefault(_VIEWS, {})
    if image.key not in views:
        views[image.key] = read_image_view(image.content)
    return views[image.key]


def _word(image: StudyImage, card: ModelCard) -> tuple[str, str]:
    """The verdict in short, and its colour."""
    if image.waits:
        return "Waiting", "waits"
    if image.summary is None:
        return ("Stopped", "waits") if image.stopped else ("Not readable", "none")
    gate, verdict = image.summary.gate, image.summary.verdict
    if verdict is None:
        return ("No verdict" if gate.refusal is None else gate.refusal.value.capitalize()), "none"
    words = verdict_text(verdict, card.finding).capitalize()
    if gate.refusal is not None:
        return f"{words} ({gate.refusal.value})", "none"
    return words, VERDICT_TONES[verdict]


def _counts_text(summary: StudySummary, images: Sequence[StudyImage], card: ModelCard) -> str:
    """The number of images by verdict, and of those without one."""
    stopped = sum(image.stopped for image in images)
    unreadable = summary.unreadable - stopped - sum(image.waits for image in images)
    parts = [
        *(
            f"{summary.verdicts[verdict]} {verdict_text(verdict, card.finding)}"
            for verdict in Verdict
            if summary.verdicts[verdict]
        ),
        *(
            f"{count} {words}"
            for count, words in (
                *((summary.refused[refusal], refusal.value) for refusal in Refusal),
                (unreadable, "not readable"),
                (stopped, "not analysed"),
            )
            if count
        ),
    ]
    return ", ".join(parts)

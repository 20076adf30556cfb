"""Verdict, probability and reliability of the model's answer on one image."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from fracture_core.imaging import QualityCheck, QualityState
from fracture_core.registry.card import ModelCard
from fracture_core.report import sentences
from fracture_core.report.sentences import percent_text
from fracture_core.vocabulary import Verdict, finding_with_article, verdict_text
from pages.components.common import boundary, layout
from pages.components.second_opinion import probability_scale

if TYPE_CHECKING:
    from fracture_core.inference.predictor import Opinion

VERDICT_CLASSES = {
    Verdict.SUSPECTED: "suspected",
    Verdict.UNCERTAIN: "uncertain",
    Verdict.NOT_SEEN: "not-seen",
}


def show_verdict(verdict: Verdict, probability: float, card: ModelCard, out_of_scope: bool = False) -> None:
    """Draw the verdict and its probability on a scale with the thresholds.

    Args:
        verdict: the verdict.
        probability: 0–1.
        card: card of the model.
        out_of_scope: whether the image is out of scope and the user asked for the answer anyway.
    """
    low, high = (min(max(cut, 0.0), 1.0) for cut in (card.thresholds.low, card.thresholds.high))
    ticks = "".join(
        f'<span class="tick {tick.anchor}" style="left:{tick.at:.1%}">{tick.text}</span>'
        for tick in probability_scale.scale_labels(low, high)
    )
    zones = sentences.scale_zones(card)
    warning = f" {sentences.BUT_OUT_OF_SCOPE}" if out_of_scope else ""
    st.html(
        f'<div class="verdict {VERDICT_CLASSES[verdict]}"><div class="word" '
        f'data-testid="verdict">{verdict_text(verdict, card.finding)}{warning}</div>'
        f'<div class="number">Probability of {finding_with_article(card.finding)}: '
        f"<b>{percent_text(probability)}</b></div>"
        f'<div class="scale" style="--low:{low:.1%};--high:{high:.1%};--at:{probability:.1%}" role="img" '
        f'aria-label="Probability {percent_text(probability)}; {", ".join(zones)}"><div class="bar"></div>'
        f'<div class="mark"></div>{ticks}</div><div class="zones">{" · ".join(zones)}</div></div>'
    )


def withheld(gate: QualityCheck, on_request: Callable[[str], None], key: str) -> None:
    """Draw the reason why an out-of-scope image gets no verdict, and a button to show the answer anyway.

    Args:
        gate: quality check of the image.
        on_request: called with the key of the image when the button is pressed.
        key: key of the image, part of its widgets' keys.
    """
    st.html(
        '<div class="verdict none"><div class="word" data-testid="verdict">'
        f"{sentences.OUT_OF_SCOPE}</div></div>"
    )
    show_reasons(gate)
    st.button(
        "Show the answer anyway", key=f"anyway {key}", on_click=boundary.callback(on_request), args=(key,)
    )
    st.caption(
        "The header can be wrong. On a body part or type of image outside its training data, the model's answer "
        "is meaningless."
    )


def show_rejection(opinion: Opinion) -> None:
    """Draw why an image was rejected, and how often the check rejects radiographs by mistake."""
    st.html(
        f'<div class="verdict none"><div class="word" data-testid="verdict">{sentences.NO_OPINION}</div></div>'
    )
    show_reasons(opinion.gate)
    record = opinion.card.heads_record
    if record is not None and record.refused.is_measured:
        st.caption(
            f"This check rejected {percent_text(record.refused.value)} of {record.refused.n:,} test images, all "
            f"of them radiographs (95% CI {record.refused.low:.1%}–{record.refused.high:.1%})."
        )


def show_reasons(gate: QualityCheck) -> None:
    """Draw the warnings, or the reasons for a rejection."""
    if not gate.reasons:
        return
    kind = "gate refuse" if gate.state is QualityState.REFUSE else "gate"
    st.html("".join(f'<div class="{kind}">{html.escape(reason)}</div>' for reason in gate.reasons))


def show_record(opinion: Opinion, key: str) -> None:
    """Draw the model's test results for the body region of the image.

    The region is predicted by the model; the user can change it.

    Args:
        opinion: the model's answer on the image.
        key: key of the image, part of its widgets' keys.
    """
    card = opinion.card
    if card.test is None:
        st.info(sentences.NO_RECORD)
        return
    probabilities = dict(opinion.regions)
    chosen = ""
    if card.test_regions:
        options = ["", *card.test_regions]
        chosen = st.selectbox(
            "Body region",
            options,
            index=options.index(sentences.recorded_region(opinion)),
            format_func=lambda name: _region_text(name, probabilities),
            key=f"region {key}",
            help="Predicted by the model. Change it if it is wrong.",
        )
    found = card.test_summary(chosen)
    if found is not None:
        start, rest = sentences.region_record_text(found, chosen, card)
        st.markdown(f"**{layout.escape_markdown(start)}** {layout.escape_markdown(rest)}")


def choose_region(opinion: Opinion, key: str) -> str:
    """The body region of an image: the user's choice, or else the most likely one."""
    return str(st.session_state.get(f"region {key}", sentences.recorded_region(opinion)))


def _region_text(name: str, probabilities: dict[str, float]) -> str:
    if not name:
        return "Unknown"
    return (
        f"{name.capitalize()} ({percent_text(probabilities[name])})"
        if name in probabilities
        else name.capitalize()
    )


def show_meaning(opinion: Opinion) -> None:
    """Draw how often this verdict was right on the test images."""
    if meaning := sentences.verdict_meaning(opinion):
        st.markdown(meaning)


def show_limits(card: ModelCard) -> None:
    """Draw the limitations of the model."""
    with st.expander("Limitations of this model"):
        st.markdown("\n".join(f"- {layout.escape_markdown(limit)}" for limit in card.limits))

"""What a model says of a film, in words first."""

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


def show_verdict(found: Verdict, probability: float, card: ModelCard, out_of_scope: bool = False) -> None:
    """The verdict, its probability, and both on a scale with the thresholds.

    Args:
        found: the verdict.
        probability: 0–1.
        card: of the model.
        out_of_scope: whether the image is outside what the model covers and the answer was asked for all the same.
    """
    low, high = (min(max(cut, 0.0), 1.0) for cut in (card.thresholds.low, card.thresholds.high))
    words = {row: verdict_text(row, card.finding) for row in Verdict}
    ticks = "".join(
        f'<span class="tick {tick.anchor}" style="left:{tick.at:.1%}">{tick.words}</span>'
        for tick in probability_scale.scale_labels(low, high)
    )
    zones = sentences.scale_zones(card)
    warning = f" {sentences.BUT_OUT_OF_SCOPE}" if out_of_scope else ""
    st.html(
        f'<div class="verdict {VERDICT_CLASSES[found]}"><div class="word" '
        f'data-testid="verdict">{words[found]}{warning}</div>'
        f'<div class="number">Probability of {finding_with_article(card.finding)}: '
        f"<b>{percent_text(probability)}</b></div>"
        f'<div class="scale" style="--low:{low:.1%};--high:{high:.1%};--at:{probability:.1%}" role="img" '
        f'aria-label="Probability {percent_text(probability)}; {", ".join(zones)}"><div class="bar"></div>'
        f'<div class="mark"></div>{ticks}</div><div class="zones">{" · ".join(zones)}</div></div>'
    )


def withheld(gate: QualityCheck, on_request: Callable[[], None], key: str) -> None:
    """An image outside the scope of the model: no verdict, the reason, and a button to get the answer anyway.

    Args:
        gate: its gate, which withholds the opinion.
        on_request: called when the user asks for the answer.
        key: tells the widgets of one film from those of another.
    """
    st.html(
        '<div class="verdict none"><div class="word" data-testid="verdict">'
        f"{sentences.OUT_OF_SCOPE}</div></div>"
    )
    show_reasons(gate)
    st.button("Show the answer anyway", key=f"anyway {key}", on_click=boundary.callback(on_request))
    st.caption(
        "The header can be wrong. The model's answer on a body part or kind of image that it was not trained on "
        "means nothing."
    )


def show_rejection(opinion: Opinion) -> None:
    """A film that the gate refuses gets no verdict, the reason why, and how often the gate is wrong."""
    st.html(
        f'<div class="verdict none"><div class="word" data-testid="verdict">{sentences.NO_OPINION}</div></div>'
    )
    show_reasons(opinion.gate)
    record = opinion.card.heads_record
    if record is not None and record.refused.is_measured:
        st.caption(
            f"The gate is not infallible: of {record.refused.n:,} test films, all radiographs, it refused "
            f"{percent_text(record.refused.value)} (95% CI {record.refused.low:.1%}–{record.refused.high:.1%})."
        )


def show_reasons(gate: QualityCheck) -> None:
    """Why the gate warns or refuses; nothing where it does neither."""
    if not gate.reasons:
        return
    kind = "gate refuse" if gate.state is QualityState.REFUSE else "gate"
    st.html("".join(f'<div class="{kind}">{html.escape(reason)}</div>' for reason in gate.reasons))


def show_record(opinion: Opinion, key: str) -> None:
    """How good this model has been on the region of the film, as its second head tells it or the user corrects it.

    Args:
        opinion: what the model says of the film.
        key: tells the widgets of one film from those of another.
    """
    card = opinion.card
    if card.test is None:
        st.info(sentences.NO_RECORD)
        return
    told = dict(opinion.regions)
    chosen = ""
    if card.test_regions:
        options = ["", *card.test_regions]
        chosen = st.selectbox(
            "This film shows",
            options,
            index=options.index(sentences.recorded_region(opinion)),
            format_func=lambda name: _region_text(name, told),
            key=f"region {key}",
            help="Told by the model; choose another where it is wrong. The record below is of this region.",
        )
    found = card.test_summary(chosen)
    if found is not None:
        start, rest = sentences.region_record_text(found, chosen, card)
        st.markdown(f"**{start}** {rest}")


def choose_region(opinion: Opinion, key: str) -> str:
    """The region whose record is shown of a film, or would be: what the user chose, else the likeliest."""
    return str(st.session_state.get(f"region {key}", sentences.recorded_region(opinion)))


def _region_text(name: str, told: dict[str, float]) -> str:
    if not name:
        return "Region not known"
    return (
        f"{name.capitalize()} – the model is {percent_text(told[name])} sure"
        if name in told
        else name.capitalize()
    )


def show_meaning(opinion: Opinion) -> None:
    """What this verdict has meant on the test films, so that nobody takes it for more than it is."""
    if words := sentences.verdict_meaning(opinion):
        st.markdown(words)


def show_limits(card: ModelCard) -> None:
    """What the model cannot judge."""
    with st.expander("What this model cannot judge"):
        st.markdown("\n".join(f"- {layout.escape_markdown(limit)}" for limit in card.limits))

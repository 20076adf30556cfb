"""What an answer of the model means where fractures are rarer or commoner than among the test films."""

from __future__ import annotations

import streamlit as st

from fracture_core.evaluation import Interval, PredictiveValues, Summary, predictive_values
from fracture_core.words import a_finding, told_of
from pages.parts import boundary, failures_state
from pages.parts.failures_record import Record

#: Films of which natural frequencies are told.
_FILMS = 1000


@boundary.fragment
def show(record: Record, summary: Summary) -> None:
    """The slider and its sentences; a fragment, so that it moves nothing else."""
    finding = record.card.finding
    if not 0 < summary.positives < summary.n:
        st.info(
            f"Expected test films with and without {a_finding(finding)}, but one kind is missing: what an answer means "
            "elsewhere cannot be told."
        )
        return
    percent = failures_state.choose_prevalence(record.card, summary.positives / summary.n)
    found = predictive_values(summary.sensitivity, summary.specificity, percent / 100)
    st.html(words(found, finding))
    st.html(f'<p class="note">{told_of(how(summary), finding)}</p>')


def words(found: PredictiveValues, finding: str) -> str:
    """What an answer means, as HTML."""
    place = f"In a clinic where {share(found.prevalence)} of the films show a fracture"
    lines = [
        f"{place}, a positive means a fracture in {measured(found.positive)}.",
        f"A negative means none in {measured(found.negative)}: {measured(found.missed)} of them still hide a fracture.",
    ]
    if found.positive.measurable and found.negative.measurable:
        lines.append(_natural(found))
    body = "".join(f"<p>{told_of(line, finding)}</p>" for line in lines)
    return f'<div class="clinic" data-testid="clinic">{body}</div>'


def _natural(found: PredictiveValues) -> str:
    """The same as films that can be counted."""
    flagged = found.flagged * _FILMS
    right = flagged * found.positive.value
    missed = (_FILMS - flagged) * found.missed.value
    return (
        f"Of {_FILMS:,} films it flags {flagged:.0f}: {right:.0f} with a fracture, {flagged - right:.0f} without. "
        f"Among the {_FILMS - flagged:.0f} others are {missed:.0f} with a fracture."
    )


def how(summary: Summary) -> str:
    """What the numbers rest on."""
    return (
        f"From sensitivity {summary.sensitivity.text()} and specificity {summary.specificity.text()} at the threshold "
        f"{summary.threshold:.3f}, by Bayes’ theorem. Both are taken to be the same in that clinic, which holds only "
        f"for films like the test films. Of these {share(summary.positives / summary.n)} show a fracture."
    )


def measured(found: Interval) -> str:
    """A share with its interval in percent."""
    if not found.measurable:
        return "a share that cannot be told"
    return f"{share(found.value)} (95% CI {share(found.low)}–{share(found.high)})"


def share(value: float) -> str:
    """In percent; one decimal below 10% and above 90%, where whole ones hide too much."""
    percent = 100 * value
    return f"{percent:.0f}%" if 10 <= percent <= 90 or percent in (0, 100) else f"{percent:.1f}%"

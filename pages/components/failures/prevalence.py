"""What an answer of the model means where fractures are rarer or commoner than among the test films."""

from __future__ import annotations

import streamlit as st

from fracture_core.evaluation import Interval, PredictiveValues, Summary, compute_predictive_values
from fracture_core.vocabulary import finding_with_article, rephrase_for_finding
from pages.components.common import boundary
from pages.components.common.test_record import TestRecord
from pages.components.failures import state

#: Films of which natural frequencies are told.
_FILMS = 1000


@boundary.fragment
def show(record: TestRecord, summary: Summary) -> None:
    """The slider and its sentences; a fragment, so that it moves nothing else."""
    finding = record.card.finding
    if not 0 < summary.positives < summary.n:
        st.info(
            f"Expected test films with and without {finding_with_article(finding)}, but one kind is missing: what an "
            f"answer means "
            "elsewhere cannot be told."
        )
        return
    percent = state.choose_prevalence(record.card, summary.positives / summary.n)
    found = compute_predictive_values(summary.sensitivity, summary.specificity, percent / 100)
    st.html(prevalence_html(found, finding))
    st.html(f'<p class="note">{rephrase_for_finding(method_text(summary), finding)}</p>')


def prevalence_html(found: PredictiveValues, finding: str) -> str:
    """What an answer means, as HTML."""
    place = f"In a clinic where {percent_text(found.prevalence)} of the films show a fracture"
    lines = [
        f"{place}, a positive means a fracture in {interval_text(found.positive)}.",
        f"A negative means none in {interval_text(found.negative)}: {interval_text(found.missed)} of them still hide "
        f"a fracture.",
    ]
    if found.positive.is_measured and found.negative.is_measured:
        lines.append(_natural_frequencies_html(found))
    body = "".join(f"<p>{rephrase_for_finding(line, finding)}</p>" for line in lines)
    return f'<div class="clinic" data-testid="clinic">{body}</div>'


def _natural_frequencies_html(found: PredictiveValues) -> str:
    """The same as films that can be counted."""
    flagged = found.flagged * _FILMS
    right = flagged * found.positive.value
    missed = (_FILMS - flagged) * found.missed.value
    return (
        f"Of {_FILMS:,} films it flags {flagged:.0f}: {right:.0f} with a fracture, {flagged - right:.0f} without. "
        f"Among the {_FILMS - flagged:.0f} others are {missed:.0f} with a fracture."
    )


def method_text(summary: Summary) -> str:
    """What the numbers rest on."""
    return (
        f"From sensitivity {summary.sensitivity.text()} and specificity {summary.specificity.text()} at the threshold "
        f"{summary.threshold:.3f}, by Bayes’ theorem. Both are taken to be the same in that clinic, which holds only "
        f"for films like the test films. Of these {percent_text(summary.positives / summary.n)} show a fracture."
    )


def interval_text(found: Interval) -> str:
    """A share with its interval in percent."""
    if not found.is_measured:
        return "a share that cannot be told"
    return f"{percent_text(found.value)} (95% CI {percent_text(found.low)}–{percent_text(found.high)})"


def percent_text(value: float) -> str:
    """In percent; one decimal below 10% and above 90%, where whole ones hide too much."""
    percent = 100 * value
    return f"{percent:.0f}%" if 10 <= percent <= 90 or percent in (0, 100) else f"{percent:.1f}%"

"""Predictive values at another prevalence than that of the test split."""

from __future__ import annotations

import streamlit as st

from fracture_core.evaluation import Interval, PredictiveValues, Summary, compute_predictive_values
from fracture_core.vocabulary import finding_with_article, rephrase_for_finding
from pages.components.common import boundary
from pages.components.common.test_record import TestRecord
from pages.components.failures import state

#: Number of images in the natural frequencies.
_IMAGES = 1000


@boundary.fragment
def show(record: TestRecord, summary: Summary) -> None:
    """Draw the slider and the predictive values; a fragment, so that it redraws nothing else."""
    finding = record.card.finding
    if not 0 < summary.positives < summary.n:
        st.info(
            f"No predictive values: the test split needs images with and without {finding_with_article(finding)}."
        )
        return
    percent = state.choose_prevalence(record.card, summary.positives / summary.n)
    found = compute_predictive_values(summary.sensitivity, summary.specificity, percent / 100)
    st.html(prevalence_html(found, finding))
    st.html(f'<p class="note">{rephrase_for_finding(method_text(summary), finding)}</p>')


def prevalence_html(found: PredictiveValues, finding: str) -> str:
    """The predictive values as HTML."""
    place = f"At a prevalence of {percent_text(found.prevalence)}"
    lines = [
        f"{place}: PPV {interval_text(found.positive)}, NPV {interval_text(found.negative)}.",
        f"Of the images not flagged, {interval_text(found.missed)} have a fracture.",
    ]
    if found.positive.is_measured and found.negative.is_measured:
        lines.append(_natural_frequencies_html(found))
    body = "".join(f"<p>{rephrase_for_finding(line, finding)}</p>" for line in lines)
    return f'<div class="clinic" data-testid="clinic">{body}</div>'


def _natural_frequencies_html(found: PredictiveValues) -> str:
    """The predictive values as natural frequencies."""
    flagged = found.flagged * _IMAGES
    right = flagged * found.positive.value
    missed = (_IMAGES - flagged) * found.missed.value
    return (
        f"Of {_IMAGES:,} images, {flagged:.0f} are flagged: {right:.0f} with a fracture, {flagged - right:.0f} without "
        f"one. {missed:.0f} of the other {_IMAGES - flagged:.0f} have a fracture."
    )


def method_text(summary: Summary) -> str:
    """How the predictive values were computed."""
    return (
        f"From sensitivity {summary.sensitivity.text()} and specificity {summary.specificity.text()} at the threshold "
        f"{summary.threshold:.3f}, by Bayes’ theorem, assuming images like the test images. Prevalence of the test "
        f"split: {percent_text(summary.positives / summary.n)}."
    )


def interval_text(found: Interval) -> str:
    """A share with its interval in percent."""
    if not found.is_measured:
        return "not measurable"
    return f"{percent_text(found.value)} (95% CI {percent_text(found.low)}–{percent_text(found.high)})"


def percent_text(value: float) -> str:
    """A share in percent, with one decimal below 10% and above 90%."""
    percent = 100 * value
    return f"{percent:.0f}%" if 10 <= percent <= 90 or percent in (0, 100) else f"{percent:.1f}%"

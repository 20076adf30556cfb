"""Table of metrics with their intervals and n."""

from __future__ import annotations

import html
import math

from fracture_core.evaluation import Interval, Summary
from fracture_core.evaluation.metrics import METRIC_TITLES
from fracture_core.vocabulary import rephrase_for_finding

_MEANING = {
    "auc": "a fracture scores higher than a normal image",
    "sensitivity": "flagged, of images with a fracture",
    "specificity": "not flagged, of images without",
    "precision": "with a fracture, of flagged images",
    "npv": "without, of images not flagged",
    "accuracy": "correct, of all images",
    "balanced_accuracy": "mean of sensitivity and specificity",
    "f1": "harmonic mean of precision and sensitivity",
    "mcc": "correlation with the label, −1 to 1",
}


def number_text(value: float) -> str:
    """A number with two decimals and a minus sign; a dash for nan."""
    return "–" if math.isnan(value) else f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")


def interval_text(found: Interval) -> str:
    """The 95% interval, or a note that there is none."""
    if not found.is_measured:
        return "not measurable"
    if math.isnan(found.low) or math.isnan(found.high):
        return "no interval"
    dash = " to " if found.low < 0 else "–"
    return f"{number_text(found.low)}{dash}{number_text(found.high)}"


def measures_html(summary: Summary, finding: str) -> str:
    """All metrics as an HTML table."""
    rows = []
    for name, title in METRIC_TITLES.items():
        found = getattr(summary, name)
        rows.append(
            _row(
                title,
                rephrase_for_finding(_MEANING[name], finding),
                number_text(found.value),
                interval_text(found),
                found.n,
            )
        )
    rows.append(
        _row(
            "ECE",
            "calibration error, 0 is best",
            number_text(summary.ece),
            "no interval",
            summary.n,
        )
    )
    return (
        '<div class="wide"><table class="numbers measures"><thead><tr><th scope="col">Measure</th>'
        '<th scope="col">Value</th><th scope="col">95% CI</th><th scope="col">n</th>'
        f'<th scope="col" class="meaning"></th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
        f'<p class="note">Threshold {summary.threshold:.3f}. Intervals are clustered by group '
        f"({summary.groups:,} groups). AUC and ECE do not depend on the threshold.</p>"
    )


def _row(title: str, meaning: str, value: str, interval: str, n: int) -> str:
    return (
        f'<tr><th scope="row">{html.escape(title)}</th><td class="value">{value}</td><td>{interval}</td>'
        f'<td>{n:,}</td><td class="meaning">{html.escape(meaning)}</td></tr>'
    )

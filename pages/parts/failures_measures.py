"""Tables of measurements, each number with its interval and its n."""

from __future__ import annotations

import html
import math

from fracture_core.evaluation import Interval, Summary
from fracture_core.evaluation.metrics import TITLES
from fracture_core.words import told_of

_MEANING = {
    "auc": "a fracture ranks above a film without, any threshold",
    "sensitivity": "of the fractures, flagged",
    "specificity": "of the others, not flagged",
    "precision": "of the flagged, with a fracture",
    "npv": "of those not flagged, without one",
    "accuracy": "of all films, right",
    "balanced_accuracy": "mean of sensitivity and specificity",
    "f1": "precision and sensitivity in one",
    "mcc": "agreement with the truth, −1 to 1",
}

_REGION = ("sensitivity", "specificity", "auc")


def number(value: float) -> str:
    """Two decimals, with a real minus sign; a dash where it cannot be measured."""
    return "–" if math.isnan(value) else f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")


def ends(found: Interval) -> str:
    """The 95% interval, or why there is none."""
    if not found.measurable:
        return "not measurable"
    if math.isnan(found.low) or math.isnan(found.high):
        return "no interval"
    dash = " to " if found.low < 0 else "–"
    return f"{number(found.low)}{dash}{number(found.high)}"


def measures(summary: Summary, finding: str) -> str:
    """Every measurement as an HTML table."""
    rows = []
    for name, title in TITLES.items():
        found = getattr(summary, name)
        rows.append(_row(title, told_of(_MEANING[name], finding), number(found.value), ends(found), found.n))
    rows.append(
        _row("ECE", "how far probabilities are off, 0 is best", number(summary.ece), "no interval", summary.n)
    )
    return (
        '<div class="wide"><table class="numbers measures"><thead><tr><th scope="col">Measure</th>'
        '<th scope="col">Value</th><th scope="col">95% CI</th><th scope="col">n</th>'
        f'<th scope="col" class="meaning"></th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
        f'<p class="note">At the threshold {summary.threshold:.3f}. Intervals take films of one group together '
        f"({summary.groups:,} groups); AUC and ECE do not depend on the threshold.</p>"
    )


def _row(title: str, meaning: str, value: str, interval: str, n: int) -> str:
    return (
        f'<tr><th scope="row">{html.escape(title)}</th><td class="value">{value}</td><td>{interval}</td>'
        f'<td>{n:,}</td><td class="meaning">{html.escape(meaning)}</td></tr>'
    )


def regions(parts: dict[str, Summary], finding: str) -> str:
    """The record by region as an HTML table."""
    if not parts:
        return '<p class="note">The data set of this model does not name body regions.</p>'
    head = "".join(f'<th scope="col">{TITLES[name]}</th>' for name in _REGION)
    rows = []
    for region, part in parts.items():
        cells = "".join(_interval_cell(getattr(part, name)) for name in _REGION)
        rows.append(
            f'<tr><th scope="row">{html.escape(region)}</th>'
            f"<td>{part.n:,}<small>{part.positives:,} {told_of('fractures', finding)}</small></td>{cells}</tr>"
        )
    return (
        '<div class="wide"><table class="numbers regions"><thead><tr><th scope="col">Region</th>'
        f'<th scope="col">Films</th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
        '<p class="note">With 95% intervals and the number of films behind each. '
        "A film that shows two regions counts in both.</p>"
    )


def _interval_cell(found: Interval) -> str:
    return (
        f'<td><span class="value">{number(found.value)}</span><small>{ends(found)}</small>'
        f"<small>n = {found.n:,}</small></td>"
    )

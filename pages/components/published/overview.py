"""All published systems in one table: what they state, and what our runs of the same architectures reach."""

import html
import math

import streamlit as st

from fracture_core.evaluation import Interval
from fracture_core.published.published_report import PublishedReport
from fracture_core.published.run_result import RESULT_COLUMNS, RunResult

#: Stated figures in the order in which one is chosen for the table.
_STATED = {
    "accuracy": "accuracy",
    "auc": "AUC",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
}


def show(reports: list[PublishedReport], results: dict[tuple[str, str], RunResult]) -> None:
    """Draw the table.

    Args:
        reports: the publications.
        results: our results by architecture and column.
    """
    heads = ["System", "Stated", *(f"Ours: {title}" for title in RESULT_COLUMNS.values())]
    head = "".join(f'<th scope="col">{html.escape(title)}</th>' for title in heads)
    rows = "".join(_row(report, results) for report in reports)
    st.html(
        f'<div class="published-wide"><table class="published overview"><tr>{head}</tr>{rows}</table></div>'
    )


def _row(report: PublishedReport, results: dict[tuple[str, str], RunResult]) -> str:
    cells = [_stated(report), *(_own(results.get((report.row, column))) for column in RESULT_COLUMNS)]
    return (
        f'<tr><th scope="row">{html.escape(report.title)}'
        f"<small>{html.escape(f'{report.data}; {report.source}')}</small></th>"
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + "</tr>"
    )


def _stated(report: PublishedReport) -> str:
    """The stated figures; accuracy first, because most publications state nothing else."""
    figures = [(title, report.figures.get(name)) for name, title in _STATED.items()]
    stated = [f"{title} {value:g}" for title, value in figures if value is not None]
    if not stated:
        return '<span class="none">none for this network</span>'
    rest = f"<small>{', '.join(stated[1:])}</small>" if stated[1:] else ""
    return f"{stated[0]}{rest}"


def _own(result: RunResult | None) -> str:
    if result is None:
        return '<span class="none">–</span>'
    accuracy = f"accuracy {result.test.accuracy.value:.3f}, {result.test.n:,} images"
    return f"AUC {_value(result.test.auc)}<small>{accuracy}</small>"


def _value(interval: Interval) -> str:
    if not interval.is_measured:
        return '<span class="none">not measurable</span>'
    ends = "" if math.isnan(interval.low) else f" ({interval.low:.2f}–{interval.high:.2f})"
    return f"{interval.value:.3f}{ends}"

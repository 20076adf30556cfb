"""One published system: stated figures beside ours, curves, confusion matrices, and links to training."""

import html
import math

import streamlit as st

from fracture_core.evaluation import Confusion, Interval
from fracture_core.published.published_report import PublishedReport
from fracture_core.published.run_result import RESULT_COLUMNS, RunResult
from fracture_core.zoo import ARCHITECTURES
from pages.components.common import layout, resources
from pages.components.train import curves, release, state

_MEASURES = {
    "accuracy": "Accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "auc": "AUC",
}


def show(report: PublishedReport, results: dict[tuple[str, str], RunResult]) -> None:
    """Draw a system: closed at first, because the charts of all systems would take seconds to draw.

    Args:
        report: figures of the publication.
        results: our results by architecture and column.
    """
    details = st.expander(
        layout.escape_markdown(f"{report.title}, {report.data}"),
        key=f"published_details_{report.row}",
        on_change="rerun",
    )
    if details.open:
        with details:
            _show_system(report, results)


def _show_system(report: PublishedReport, results: dict[tuple[str, str], RunResult]) -> None:
    ours = {column: results.get((report.row, column)) for column in RESULT_COLUMNS}
    available = {column: result for column, result in ours.items() if result is not None}
    st.caption(f"From {report.source}: {report.protocol}. Architecture: {report.row}.")
    if available or any(value is not None for value in report.figures.values()):
        st.html(_table(report, ours))
    st.markdown(layout.escape_markdown(report.note))
    if report.confusion is not None or available:
        _show_details(report, available)
    _show_actions(report)


def _table(report: PublishedReport, ours: dict[str, RunResult | None]) -> str:
    heads = ["stated", *RESULT_COLUMNS.values()]
    rows = [
        "<tr><th></th>" + "".join(f'<th scope="col">{html.escape(head)}</th>' for head in heads) + "</tr>"
    ]
    for name, title in _MEASURES.items():
        stated = report.figures.get(name)
        cells = [f"{stated:g}" if stated is not None else '<span class="none">not stated</span>']
        cells += [_cell(getattr(result.test, name)) if result else "–" for result in ours.values()]
        rows.append(_line(title, cells))
    rows.append(
        _line(
            "Test images",
            [
                f"{report.n:,}" if report.n else '<span class="none">not stated</span>',
                *(
                    f"{result.test.n:,}<small>{result.test.groups:,} independent groups</small>"
                    if result
                    else "–"
                    for result in ours.values()
                ),
            ],
        )
    )
    rows.append(
        _line(
            "Training",
            [
                f"{report.epochs} epochs",
                *(
                    f"{len(result.epochs)} of {result.planned} epochs"
                    f"<small>{result.minutes:g} min, {result.date}</small>"
                    if result
                    else f'<span class="none">{html.escape(report.empty_cell_text(column))}</span>'
                    for column, result in ours.items()
                ),
            ],
        )
    )
    return f'<div class="published-wide"><table class="published">{"".join(rows)}</table></div>'


def _line(title: str, cells: list[str]) -> str:
    return f'<tr><th scope="row">{title}</th>' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _cell(interval: Interval) -> str:
    if not interval.is_measured:
        return '<span class="none">not measurable</span>'
    ends = "" if math.isnan(interval.low) else f"<small>{interval.low:.2f}–{interval.high:.2f}</small>"
    return f"{interval.value:.3f}{ends}"


def _show_details(report: PublishedReport, results: dict[str, RunResult]) -> None:
    """Draw confusion matrices, learning curves and the command of each run."""
    _show_matrices(report, results)
    for column, result in results.items():
        st.markdown(f"**On {RESULT_COLUMNS[column]}** ({result.data}), {len(result.epochs)} epochs")
        head_epochs = ARCHITECTURES[report.row].protocol.head_epochs
        curves.show(result.epochs, result.planned, head_epochs, live=False)
        st.code(result.command, language=None, wrap_lines=True)


def _show_matrices(report: PublishedReport, results: dict[str, RunResult]) -> None:
    """Draw the confusion matrices side by side."""
    matrices = [("stated", report.confusion)] if report.confusion is not None else []
    matrices += [(RESULT_COLUMNS[column], result.test.confusion) for column, result in results.items()]
    for column, (title, counts) in zip(st.columns(max(2, len(matrices))), matrices, strict=False):
        column.caption(title)
        column.html(_matrix_html(counts))


def _matrix_html(counts: Confusion) -> str:
    return (
        '<table class="published"><tr><th></th><th scope="col">positive</th>'
        '<th scope="col">negative</th></tr>'
        f'<tr><th scope="row">fracture</th><td>{counts.tp:,}</td><td>{counts.fn:,}</td></tr>'
        f'<tr><th scope="row">no fracture</th><td>{counts.fp:,}</td><td>{counts.tn:,}</td></tr></table>'
    )


def _show_actions(report: PublishedReport) -> None:
    """Draw a button that trains the architecture, and the models of it that can be put in use."""
    store = resources.model_store()
    cards = [card for card in map(store.card, store.ids()) if card.architecture == report.row]
    with st.container(horizontal=True):
        if st.button(f"Train {report.title} here", key=f"published_train_{report.row}"):
            st.session_state["train_architecture_folder"] = report.row
            st.session_state[state.VIEW_KEY] = state.NEW_VIEW
            st.switch_page("pages/train.py")
    for card in cards:
        st.caption(
            f"On this computer: {layout.escape_markdown(card.title)} ({layout.escape_markdown(card.id)})."
        )
        release.show(card)

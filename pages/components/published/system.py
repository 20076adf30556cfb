"""One published system: its figures beside ours, its curves and matrices, and the way to train it."""

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


def show(report: PublishedReport, found: dict[tuple[str, str], RunResult]) -> None:
    """Draws a system.

    Args:
        report: what it states.
        found: our results, by row and column.
    """
    ours = {column: found.get((report.row, column)) for column in RESULT_COLUMNS}
    st.subheader(f"{report.title}, {report.data}", anchor=False)
    st.caption(f"From {report.source}: {report.protocol}. Row of the zoo: {report.row}.")
    st.html(_table(report, ours))
    st.markdown(layout.escape_markdown(report.note))
    ran = {column: result for column, result in ours.items() if result is not None}
    if report.confusion is not None or ran:
        with st.expander("Confusion matrices and learning curves"):
            _matrices(report, ran)
            for column, result in ran.items():
                st.markdown(f"**On {RESULT_COLUMNS[column]}** ({result.data}), {len(result.epochs)} epochs")
                head_epochs = ARCHITECTURES[report.row].protocol.head_epochs
                curves.show(result.epochs, result.planned, head_epochs, live=False)
                st.code(result.command, language=None, wrap_lines=True)
    _use(report)


def _table(report: PublishedReport, ours: dict[str, RunResult | None]) -> str:
    heads = ["stated", *RESULT_COLUMNS.values()]
    rows = [
        "<tr><th></th>" + "".join(f'<th scope="col">{html.escape(words)}</th>' for words in heads) + "</tr>"
    ]
    for name, words in _MEASURES.items():
        stated = report.figures.get(name)
        cells = [f"{stated:g}" if stated is not None else '<span class="none">not stated</span>']
        cells += [_cell(getattr(result.test, name)) if result else "–" for result in ours.values()]
        rows.append(_line(words, cells))
    rows.append(
        _line(
            "Test films",
            [
                f"{report.n:,}" if report.n else '<span class="none">not stated</span>',
                *(
                    f"{result.test.n:,}<small>{result.test.groups:,} originals or groups</small>"
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


def _line(words: str, cells: list[str]) -> str:
    return f'<tr><th scope="row">{words}</th>' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _cell(found: Interval) -> str:
    if not found.is_measured:
        return '<span class="none">not measurable</span>'
    ends = "" if math.isnan(found.low) else f"<small>{found.low:.2f}–{found.high:.2f}</small>"
    return f"{found.value:.3f}{ends}"


def _matrices(report: PublishedReport, ran: dict[str, RunResult]) -> None:
    """Counts side by side."""
    shown = [("stated", report.confusion)] if report.confusion is not None else []
    shown += [(RESULT_COLUMNS[column], result.test.confusion) for column, result in ran.items()]
    for place, (words, counts) in zip(st.columns(max(2, len(shown))), shown, strict=False):
        place.caption(words)
        place.html(_matrix(counts))


def _matrix(counts: Confusion) -> str:
    return (
        '<table class="published"><tr><th></th><th scope="col">flagged</th>'
        '<th scope="col">not flagged</th></tr>'
        f'<tr><th scope="row">fracture</th><td>{counts.tp:,}</td><td>{counts.fn:,}</td></tr>'
        f'<tr><th scope="row">no fracture</th><td>{counts.fp:,}</td><td>{counts.tn:,}</td></tr></table>'
    )


def _use(report: PublishedReport) -> None:
    """Train the row, or put a model of it in use."""
    store = resources.model_store()
    cards = [card for card in map(store.card, store.ids()) if card.architecture == report.row]
    with st.container(horizontal=True):
        if st.button(f"Train {report.title} here", key=f"published_train_{report.row}"):
            st.session_state["train_architecture_folder"] = report.row
            st.session_state[state.VIEW_KEY] = state.NEW_VIEW
            st.switch_page("pages/train.py")
    for card in cards:
        st.caption(f"On this computer: {card.title} ({card.id}).")
        release.show(card)
